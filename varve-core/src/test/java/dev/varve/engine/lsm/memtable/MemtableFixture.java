package dev.varve.engine.lsm.memtable;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/// A memtable with its budget, and commits for it.
///
/// @threads one at a time
final class MemtableFixture {
  final MemoryBudget budget = new MemoryBudget(1L << 40);
  final Memtable memtable = new Memtable(1, budget);
  private final MutationWriter writer = new MutationWriter(256);
  private final MutationReader reader = new MutationReader();
  private long last;

  MemtableFixture put(byte[] key, byte[] value) {
    writer.put(1, key, value);
    return this;
  }

  MemtableFixture put(String key, String value) {
    return put(bytes(key), bytes(value));
  }

  MemtableFixture delete(byte[] key) {
    writer.delete(1, key);
    return this;
  }

  MemtableFixture deleteRange(KeyRange range) {
    writer.deleteRange(1, range);
    return this;
  }

  /// Applies what was written as one commit; answers its number.
  long commit() {
    return commit(last + 1);
  }

  long commit(long sequence) {
    last = sequence;
    reader.reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
    while (reader.next()) {
      memtable.apply(last, reader);
    }
    writer.clear();
    return last;
  }

  long last() {
    return last;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Keys of a few shapes: short ones, numbers behind long equal beginnings, any bytes.
  static byte[] key(SplittableRandom random, int shape, int count) {
    int number = random.nextInt(count);
    return switch (shape) {
      case 0 -> bytes("k" + number);
      case 1 -> bytes("a/very/long/equal/beginning/of/every/key/" + (number + 1_000_000));
      case 2 -> {
        byte[] key = new byte[1 + number % 20];
        for (int i = 0; i < key.length; i++) {
          key[i] = (byte) ((number >> (i % 4 * 3)) % 3 - 1);
        }
        yield key;
      }
      default -> {
        // Two groups that differ early, and within a group late: all heads of a group are equal.
        byte[] key = new byte[40];
        key[3] = (byte) (number & 1);
        Bytes.putInt(key, 36, Integer.reverseBytes(number));
        yield key;
      }
    };
  }
}
