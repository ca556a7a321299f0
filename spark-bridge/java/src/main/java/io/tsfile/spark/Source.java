package io.tsfile.spark;

import io.tsfile.spark.files.FoundFiles;
import java.util.function.Predicate;
import org.apache.spark.sql.types.StructType;

/** The files of a table: found at once, and opened when somebody has to know what is in them. */
public final class Source {
  public final TsFileOptions options;
  public final FoundFiles files;
  private final StructType given;
  private Relation relation;

  /**
   * Finds the files.
   *
   * @param given what the user wants to see; null for what is in the files
   */
  Source(TsFileOptions options, StructType given) {
    this.options = options;
    this.given = given;
    this.files = FoundFiles.find(options, given);
  }

  /** All files, opened. */
  public synchronized Relation relation() {
    if (relation == null) {
      relation = Relation.of(options, files, given);
    }
    return relation;
  }

  /**
   * Only files of some folders, opened; the others are not.
   *
   * @param schema the columns of the table, some of which only the others may have
   */
  public synchronized Relation where(Predicate<Object[]> folders, StructType schema) {
    // The form is the table's, whatever the files that are left would suggest.
    TsFileOptions own = relation == null ? options : options.withForm(relation.form);
    return Relation.of(own, files.where(folders), schema);
  }
}
