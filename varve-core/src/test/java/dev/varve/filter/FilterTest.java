package dev.varve.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class FilterTest {
  private static byte[] filter(FilterShape shape, long seed, int keys, long base) {
    FilterWriter writer = new FilterWriter(shape);
    for (int i = 0; i < keys; i++) {
      writer.add(hash(seed, base + i));
    }
    assertEquals(keys, writer.count());
    byte[] filter = writer.finish();
    assertEquals(filter.length, writer.byteSize());
    return filter;
  }

  private static long hash(long seed, long key) {
    byte[] bytes = new byte[16];
    Bytes.putLongBigEndian(bytes, 8, key);
    return KeyHash.of(seed, bytes, 0, 16);
  }

  private static boolean mayContain(byte[] filter, FilterShape shape, long hash) {
    int line = FilterShape.line(hash, filter.length / FilterShape.LINE_BYTES);
    return FilterShape.mayContain(filter, line * FilterShape.LINE_BYTES, hash, shape.probes());
  }

  @Test
  void a_key_that_was_added_is_never_denied() {
    for (double rate : new double[] {0.5, 0.1, 0.01, 0.001}) {
      FilterShape shape = FilterShape.forRate(rate);
      for (int keys : new int[] {1, 2, 17, 1000, 60_000}) {
        byte[] filter = filter(shape, keys, keys, 0);
        for (int i = 0; i < keys; i++) {
          assertTrue(mayContain(filter, shape, hash(keys, i)), "rate " + rate + ", key " + i);
        }
      }
    }
  }

  @Test
  void absent_keys_pass_as_seldom_as_was_asked() {
    for (double rate : new double[] {0.1, 0.01, 0.001}) {
      FilterShape shape = FilterShape.forRate(rate);
      byte[] filter = filter(shape, 42, 200_000, 0);
      int passed = 0;
      int asked = 2_000_000;
      for (int i = 0; i < asked; i++) {
        passed += mayContain(filter, shape, hash(42, 1_000_000_000L + i)) ? 1 : 0;
      }
      double measured = (double) passed / asked;
      assertTrue(measured <= 1.2 * rate, () -> shape + " lets " + measured + " pass");
      assertTrue(measured >= 0.5 * rate, () -> shape + " is larger than it need be: " + measured);
    }
  }

  @Test
  void one_percent_takes_about_ten_bits() {
    FilterShape shape = FilterShape.forRate(0.01);
    assertTrue(shape.bitsPerKey() < 10.6, shape::toString);
    assertTrue(shape.rate() <= 0.01, shape::toString);
    assertEquals(0, shape.lines(0));
    assertEquals(1, shape.lines(1));
    assertThrows(IllegalArgumentException.class, () -> FilterShape.forRate(0));
    assertThrows(IllegalArgumentException.class, () -> FilterShape.forRate(1));
    assertThrows(IllegalArgumentException.class, () -> FilterShape.forRate(Double.NaN));
  }

  /// Keys that pass one filter pass another, of another seed, no more than any others do.
  @Test
  void a_seed_of_its_own_keeps_a_filter_from_being_steered() {
    FilterShape shape = FilterShape.forRate(0.01);
    byte[] first = filter(shape, 1, 100_000, 0);
    byte[] second = filter(shape, 2, 100_000, 0);
    int chosen = 0;
    int passed = 0;
    for (long key = 1L << 40; chosen < 20_000; key++) {
      if (mayContain(first, shape, hash(1, key))) {
        chosen++;
        passed += mayContain(second, shape, hash(2, key)) ? 1 : 0;
      }
    }
    assertTrue(passed <= 0.015 * chosen, passed + " of " + chosen);
  }

  @Test
  void the_hash_depends_on_each_bit_and_not_on_the_place() {
    SplittableRandom random = new SplittableRandom(9);
    for (int length = 0; length <= 70; length++) {
      byte[] bytes = new byte[length + 9];
      random.nextBytes(bytes);
      long seed = random.nextLong();
      long hash = KeyHash.of(seed, bytes, 5, length);
      byte[] moved = new byte[length + 9];
      System.arraycopy(bytes, 5, moved, 2, length);
      assertEquals(hash, KeyHash.of(seed, moved, 2, length));
      assertNotEquals(hash, KeyHash.of(seed + 1, bytes, 5, length));
      assertNotEquals(hash, KeyHash.of(seed, bytes, 5, length + 1));
      for (int bit = 0; bit < 8 * length; bit++) {
        bytes[5 + bit / 8] ^= (byte) (1 << bit % 8);
        int changed = Long.bitCount(hash ^ KeyHash.of(seed, bytes, 5, length));
        assertTrue(changed >= 8 && changed <= 56, "length " + length + ", bit " + bit);
        bytes[5 + bit / 8] ^= (byte) (1 << bit % 8);
      }
    }
  }

  /// The hash is part of the format: these answers must never change.
  @Test
  void the_hash_gives_the_answers_of_the_format() {
    byte[] bytes = new byte[40];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    Set<Long> seen = new HashSet<>();
    long all = 0;
    for (int length = 0; length <= bytes.length; length++) {
      long hash = KeyHash.of(0x0123456789abcdefL, bytes, 0, length);
      assertTrue(seen.add(hash));
      all = all * 31 + hash;
      assertEquals(reference(0x0123456789abcdefL, bytes, length), hash, "length " + length);
    }
    assertEquals(-5592186792620739573L, all);
  }

  /** The definition of docs/format/sstable.md, word for word. */
  private static long reference(long seed, byte[] b, int length) {
    long s0 = mix(seed + 0x9e3779b97f4a7c15L);
    long s1 = mix(seed + 0x3c6ef372fe94f82aL);
    long s = s0 ^ length;
    int at = 0;
    while (length - at > 16) {
      s = mum(word(b, at, 8) ^ s1, word(b, at + 8, 8) ^ s);
      at += 16;
    }
    long x = 0;
    long y = 0;
    if (length > 16) {
      x = word(b, length - 16, 8);
      y = word(b, length - 8, 8);
    } else if (length >= 8) {
      x = word(b, 0, 8);
      y = word(b, length - 8, 8);
    } else if (length >= 4) {
      x = word(b, 0, 4);
      y = word(b, length - 4, 4);
    } else if (length > 0) {
      x = word(b, 0, 1) << 16 | word(b, length / 2, 1) << 8 | word(b, length - 1, 1);
    }
    return mum(mum(x ^ s1, y ^ s) ^ s0, s1);
  }

  private static long word(byte[] b, int at, int size) {
    long word = 0;
    for (int i = size - 1; i >= 0; i--) {
      word = word << 8 | (b[at + i] & 0xFF);
    }
    return word;
  }

  private static long mix(long x) {
    x ^= x >>> 33;
    x *= 0xff51afd7ed558ccdL;
    x ^= x >>> 33;
    x *= 0xc4ceb9fe1a85ec53L;
    return x ^ x >>> 33;
  }

  private static long mum(long a, long b) {
    java.math.BigInteger product =
        new java.math.BigInteger(Long.toUnsignedString(a))
            .multiply(new java.math.BigInteger(Long.toUnsignedString(b)));
    return product.shiftRight(64).longValue() ^ product.longValue();
  }
}
