package dev.varve.rigs;

import dev.varve.kv.Cursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceView;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Compares what a view shows with what the batches that it shows must have led to, exactly.
///
/// @threads one at a time
final class SoakCheck {
  private final SoakLoad load;
  private final KeyspaceView view;
  private final long[] batches;

  /// @param view one moment of the keyspace
  SoakCheck(SoakLoad load, KeyspaceView view) {
    this.load = load;
    this.view = view;
    this.batches = new long[load.threads()];
    for (int thread = 0; thread < batches.length; thread++) {
      batches[thread] = load.batches(view, thread);
    }
  }

  long batches(int thread) {
    return batches[thread];
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new PromiseBroken(what);
    }
  }

  /// Checks that every thread has made at least so many batches.
  void requireAtLeast(long[] acknowledged) {
    for (int thread = 0; thread < batches.length; thread++) {
      require(
          batches[thread] >= acknowledged[thread],
          "thread "
              + thread
              + ": batch "
              + acknowledged[thread]
              + " was acknowledged, the store has "
              + batches[thread]);
    }
  }

  /// Reads `count` entries by their keys, near what was written last and anywhere.
  void points(SplittableRandom random, int count) {
    for (int i = 0; i < count; i++) {
      int thread = random.nextInt(batches.length);
      long all = load.entriesOfThread();
      long last = batches[thread] % load.batchesOfRound() * SoakLoad.BATCH;
      long index =
          i % 2 == 0
              ? random.nextLong(all)
              : Math.floorMod(last - 500 + random.nextLong(1000), all);
      byte[] found = view.get(load.key(thread, index));
      require(
          Arrays.equals(expected(thread, index), found),
          "entry "
              + index
              + " of thread "
              + thread
              + " by its key, after batch "
              + batches[thread]);
    }
    for (int thread = 0; thread < batches.length; thread++) {
      long marks = load.marks(view, thread);
      require(
          marks == SoakLoad.marksAfter(batches[thread]),
          "thread " + thread + " has " + marks + " marks after batch " + batches[thread]);
    }
  }

  private byte @org.jspecify.annotations.Nullable [] expected(int thread, long index) {
    long round = load.round(index, batches[thread]);
    return round < 0 || load.deletes(index, round) ? null : load.value(thread, index, round);
  }

  /// Walks over at most `limit` entries from a key on; answers how many there were. With no limit
  /// that is reached, whoever calls compares the number.
  long scan(byte[] from, long limit, boolean backwards) {
    long count = 0;
    try (Cursor cursor = view.cursor(KeyRange.all())) {
      boolean valid = backwards ? cursor.seekForPrevious(from) : cursor.seek(from);
      while (valid && count < limit) {
        byte[] key = cursor.key();
        if (SoakLoad.isEntry(key)) {
          long number = SoakLoad.number(key);
          int thread = (int) (number % batches.length);
          long index = number / batches.length;
          require(
              Arrays.equals(key, load.key(thread, index))
                  && Arrays.equals(expected(thread, index), cursor.value()),
              "entry "
                  + index
                  + " of thread "
                  + thread
                  + " in a scan, after batch "
                  + batches[thread]);
          count++;
        }
        valid = backwards ? cursor.previous() : cursor.next();
      }
    }
    return count;
  }

  /// Walks over all entries.
  long all() {
    long expected = 0;
    for (long made : batches) {
      expected += load.entriesAfter(made);
    }
    long found = scan(new byte[] {0}, Long.MAX_VALUE, false);
    require(found == expected, "expected " + expected + " entries, a scan found " + found);
    return found;
  }
}
