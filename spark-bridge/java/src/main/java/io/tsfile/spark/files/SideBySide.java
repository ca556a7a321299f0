package io.tsfile.spark.files;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Work that mostly waits for a file system, done for many files or folders at a time by threads of Java. */
final class SideBySide {
  /** Most threads of one call. */
  static final int MOST_THREADS = 32;

  private SideBySide() {}

  /** What is done for one of them. */
  interface Work<A, B> {
    B of(A one) throws Exception;
  }

  /**
   * The results, in the order of {@code all}. When this returns, or throws, nothing of it runs any more.
   *
   * @throws RuntimeException or whatever {@code work} throws: the error of the first for which it throws
   */
  static <A, B> List<B> map(List<A> all, Work<A, B> work) {
    List<Callable<B>> calls = new ArrayList<>(all.size());
    for (A one : all) {
      calls.add(() -> work.of(one));
    }
    List<B> out = new ArrayList<>(calls.size());
    try {
      if (calls.size() < 2) {
        for (Callable<B> call : calls) {
          out.add(call.call());
        }
        return out;
      }
      // Threads that are made here are those of the user who asks, with his class loader; those of a common pool are not.
      ExecutorService pool =
          Executors.newFixedThreadPool(Math.min(MOST_THREADS, calls.size()), SideBySide::thread);
      try {
        for (Future<B> result : pool.invokeAll(calls)) {
          out.add(result.get());
        }
        return out;
      } finally {
        end(pool);
      }
    } catch (ExecutionException e) {
      throw Thrown.as(e.getCause());
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw Thrown.as(e);
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "tsfile-files");
    thread.setDaemon(true);
    return thread;
  }

  private static void end(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = pool.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
