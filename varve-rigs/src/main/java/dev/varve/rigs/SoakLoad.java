package dev.varve.rigs;

import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.WriteBatch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SplittableRandom;

/// What a soak writes: each thread goes over its own entries, in rounds, a batch a commit. How many
/// batches a thread has made says exactly what every one of its entries is.
///
/// A batch sets or deletes [#BATCH] entries, sets one mark and, now and then, deletes the range of
/// all marks before, and sets the thread's counter to its number, from 1.
///
/// @param seed of the values and of the order of keys
/// @param threads how many there are
/// @param entries how many entries all threads have together
record SoakLoad(long seed, int threads, long entries) {
  /// Entries of a batch.
  static final int BATCH = 100;

  /// So many batches have marks at a time, at most.
  static final int MARKS = 50;

  /** Of the entries of a round one in so many is deleted. */
  private static final int DELETED = 11;

  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 100;
  private static final long ODD = 0x9E3779B97F4A7C15L;

  /** The entries of a thread: as many batches as it takes. */
  long batchesOfRound() {
    return Math.max(1, entries / threads / BATCH);
  }

  long entriesOfThread() {
    return batchesOfRound() * BATCH;
  }

  /// A key of an entry: keys of all threads are in one random order. What follows tells which it
  /// is.
  byte[] key(int thread, long index) {
    long number = index * threads + thread;
    return ByteBuffer.allocate(KEY_BYTES).putLong(mixed(number ^ seed)).putLong(number).array();
  }

  private static long mixed(long value) {
    long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /// Which entry a key is of, as `index * threads + thread`.
  static long number(byte[] key) {
    return ByteBuffer.wrap(key).getLong(Long.BYTES);
  }

  static boolean isEntry(byte[] key) {
    return key.length == KEY_BYTES;
  }

  /// In which round an entry was last written when its thread had made so many batches; -1: never.
  long round(long index, long batches) {
    long done = batches / batchesOfRound();
    return index < batches % batchesOfRound() * BATCH ? done : done - 1;
  }

  /// Whether a round deletes an entry.
  boolean deletes(long index, long round) {
    return (index + round) % DELETED == 0;
  }

  byte[] value(int thread, long index, long round) {
    byte[] value = new byte[VALUE_BYTES];
    SplittableRandom random = new SplittableRandom(seed ^ (index * threads + thread) * ODD + round);
    ByteBuffer bytes = ByteBuffer.wrap(value).putLong(round).putLong(index);
    // Half of it can be compressed.
    while (bytes.remaining() > VALUE_BYTES / 2) {
      bytes.put((byte) random.nextInt());
    }
    return value;
  }

  byte[] counterKey(int thread) {
    return ("counter " + thread).getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] mark(int thread, long batch) {
    return String.format(Locale.ROOT, "mark %d %012d", thread, batch)
        .getBytes(StandardCharsets.US_ASCII);
  }

  private KeyRange marks(int thread) {
    return KeyRange.prefix(("mark " + thread + " ").getBytes(StandardCharsets.US_ASCII));
  }

  /// The batch of this number, from 1.
  WriteBatch batch(Keyspace keyspace, int thread, long number) {
    WriteBatch batch = new WriteBatch();
    long before = number - 1;
    long round = before / batchesOfRound();
    long first = before % batchesOfRound() * BATCH;
    for (long index = first; index < first + BATCH; index++) {
      byte[] key = key(thread, index);
      if (deletes(index, round)) {
        batch.delete(keyspace, key);
      } else {
        batch.put(keyspace, key, value(thread, index, round));
      }
    }
    if (number % MARKS == 0) {
      batch.deleteRange(keyspace, marks(thread));
    }
    batch.put(keyspace, mark(thread, number), new byte[0]);
    return batch.put(
        keyspace, counterKey(thread), ByteBuffer.allocate(Long.BYTES).putLong(number).array());
  }

  /// How many batches a thread has made.
  long batches(KeyspaceView view, int thread) {
    byte[] counter = view.get(counterKey(thread));
    return counter == null ? 0 : ByteBuffer.wrap(counter).getLong();
  }

  /// How many marks there are.
  long marks(KeyspaceView view, int thread) {
    return view.count(marks(thread));
  }

  /// How many there have to be.
  static long marksAfter(long batches) {
    return batches < MARKS ? batches : batches % MARKS + 1;
  }

  /// How many entries a thread has after so many batches.
  long entriesAfter(long batches) {
    long count = 0;
    for (long index = 0; index < entriesOfThread(); index++) {
      long round = round(index, batches);
      count += round >= 0 && !deletes(index, round) ? 1 : 0;
    }
    return count;
  }
}
