package io.tsfile.spark.read;

import io.tsfile.api.Scan;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;

/**
 * Stops scans whose task was killed. Spark tells a task so only when it asks, and a task that waits for a batch does not; one thread asks
 * for all of them, while there are any.
 */
final class CancelWatcher {
  private static final long PERIOD_MS = 100;
  private static final long LINGER_PERIODS = 50;
  private static final Map<Scan, TaskContext> SCANS = new ConcurrentHashMap<>();
  private static Thread thread;

  private CancelWatcher() {}

  /** Stops {@code scan} when the task is killed, until it is forgotten. */
  static void watch(TaskContext task, Scan scan) {
    if (task == null) {
      return;
    }
    SCANS.put(scan, task);
    synchronized (CancelWatcher.class) {
      if (thread == null) {
        thread = new Thread(CancelWatcher::run, "tsfile-cancel");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  static void forget(Scan scan) {
    SCANS.remove(scan);
  }

  private static void run() {
    long idle = 0;
    while (true) {
      try {
        Thread.sleep(PERIOD_MS);
      } catch (InterruptedException e) {
        // Nobody interrupts it; the JVM may stop it any time.
      }
      idle = SCANS.isEmpty() ? idle + 1 : 0;
      for (Map.Entry<Scan, TaskContext> entry : SCANS.entrySet()) {
        if (entry.getValue().isInterrupted()) {
          entry.getKey().cancel();
        }
      }
      synchronized (CancelWatcher.class) {
        if (idle > LINGER_PERIODS && SCANS.isEmpty()) {
          thread = null;
          return;
        }
      }
    }
  }
}
