package dev.varve.cli.bench;

import dev.varve.kv.Cursor;
import dev.varve.kv.Keyspace;
import dev.varve.kv.WriteBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One thread's share of a workload.
///
/// @threads one at a time; read by others once its thread has ended
final class Worker {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final int KEY_BYTES = 16;
  private static final long MISSING = 1L << 62;

  final Latencies latencies = new Latencies();
  final WriteBatch batch = new WriteBatch();

  /** The failure that ended the work. */
  @Nullable RuntimeException failure;

  /** Bytes of values read, so that no read is for nothing. */
  long seen;

  private final Bench.Settings settings;
  private final int number;
  private final SplittableRandom random;
  private final byte[] value;
  private @Nullable Cursor cursor;

  Worker(Bench.Settings settings, int number) {
    this.settings = settings;
    this.number = number;
    this.random = new SplittableRandom(42 + number);
    this.value = new byte[settings.valueSize()];
    Arrays.fill(value, (byte) 'v');
  }

  /** What a worker does again and again. */
  interface Step {
    void run(Worker worker, long index);
  }

  /** Takes its share of `count` steps. */
  void run(Step step, long count, long endNanos, BooleanSupplier stop) {
    long from = count * number / settings.threads();
    long to = count * (number + 1) / settings.threads();
    try {
      long before = System.nanoTime();
      for (long i = from; i < to && before < endNanos && !stop.getAsBoolean(); i++) {
        step.run(this, i);
        long after = System.nanoTime();
        latencies.add(after - before);
        before = after;
      }
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      if (cursor != null) {
        cursor.close();
      }
    }
  }

  /** One step of a walk over everything; from its end it goes on at its beginning. */
  void walk(Keyspace keyspace, boolean forward) {
    if (cursor == null) {
      cursor = keyspace.cursor();
    }
    boolean valid = cursor.isValid() && (forward ? cursor.next() : cursor.previous());
    if (valid || (forward ? cursor.seekToFirst() : cursor.seekToLast())) {
      seen += cursor.key().length + cursor.value().length;
    }
  }

  /** A seek of a random key with further steps. */
  void seek(Keyspace keyspace, int steps) {
    try (Cursor found = keyspace.cursor()) {
      boolean valid = found.seek(randomKey());
      for (int i = 0; valid; i++) {
        seen += found.key().length + found.value().length;
        valid = i < steps && found.next();
      }
    }
  }

  /** The key of this number; keys of following numbers are far apart. */
  byte[] key(long index) {
    byte[] key = new byte[KEY_BYTES];
    LONG.set(key, 0, mixed(index));
    LONG.set(key, 8, index);
    return key;
  }

  /** The key of this number; keys of following numbers follow each other. */
  byte[] ascendingKey(long index) {
    byte[] key = new byte[KEY_BYTES];
    LONG.set(key, 0, index);
    LONG.set(key, 8, mixed(index));
    return key;
  }

  byte[] randomKey() {
    return key(random.nextLong(settings.entries()));
  }

  byte[] missingKey() {
    return key(MISSING + random.nextLong(settings.entries()));
  }

  /** A new value, of which half can be compressed, until the next call. */
  byte[] value() {
    for (int i = 0; i + Long.BYTES <= value.length / 2; i += Long.BYTES) {
      LONG.set(value, i, random.nextLong());
    }
    return value;
  }

  private static long mixed(long z) {
    long a = (z + 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }
}
