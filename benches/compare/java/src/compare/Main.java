package compare;

import java.io.File;

/**
 * <pre>
 * write-table DUMP FILE
 * write-tree DUMP FILE
 * </pre>
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "write-table":
        Write.table(new Dump(new File(args[1])), new File(args[2]));
        break;
      case "write-tree":
        Write.tree(new Dump(new File(args[1])), new File(args[2]));
        break;
      default:
        throw new IllegalArgumentException("no command " + args[0]);
    }
  }
}
