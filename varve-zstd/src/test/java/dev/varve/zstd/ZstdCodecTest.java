package dev.varve.zstd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The codec beside the reference, on bytes of many shapes and on bytes that are no frame.
final class ZstdCodecTest {
  private static final int SHAPES = 6;
  private static final int PADDING = 5;

  private final ZstdCodec codec = new ZstdCodec();

  /** Bytes from noise to text. */
  private static byte[] bytes(SplittableRandom random, int shape, int length) {
    byte[] bytes = new byte[length];
    int at = 0;
    switch (shape) {
      case 0 -> random.nextBytes(bytes);
      case 1 -> Arrays.fill(bytes, (byte) random.nextInt());
      case 2 -> {
        int kinds = random.nextInt(2, 20);
        while (at < length) {
          bytes[at++] = (byte) (30 + random.nextInt(1 + random.nextInt(kinds)));
        }
      }
      case 3 -> {
        while (at < length) {
          int run = Math.min(length - at, random.nextInt(1, 60));
          boolean again = at > 0 && random.nextInt(3) > 0;
          int distance = again ? random.nextInt(1, at + 1) : 0;
          for (int i = 0; i < run; i++, at++) {
            bytes[at] = again ? bytes[at - distance] : (byte) random.nextInt();
          }
        }
      }
      case 4 -> {
        while (at < length) {
          bytes[at++] =
              (byte) (random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(5) * 50);
        }
      }
      default -> {
        for (int n = 0; at < length; n++) {
          byte[] text =
              ("key" + n + ": " + n * 7919 % 1000 + ", one of several;")
                  .getBytes(StandardCharsets.US_ASCII);
          int run = Math.min(length - at, text.length);
          System.arraycopy(text, 0, bytes, at, run);
          at += run;
        }
      }
    }
    return bytes;
  }

  private static int length(SplittableRandom random) {
    return switch (random.nextInt(8)) {
      case 0 -> random.nextInt(0, 64);
      case 1, 2 -> random.nextInt(0, 2000);
      case 3 -> random.nextInt(100_000, 400_000);
      default -> random.nextInt(2000, 20_000);
    };
  }

  private byte[] compressed(byte[] bytes) {
    byte[] target = new byte[codec.compressedSizeMax(bytes.length) + PADDING];
    int length = codec.compress(bytes, 0, bytes.length, target, PADDING);
    assertTrue(codec.canHold(length, bytes.length));
    return Arrays.copyOfRange(target, PADDING, PADDING + length);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void what_it_writes_it_reads_and_the_reference_reads(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 60; round++) {
      int shape = random.nextInt(SHAPES);
      byte[] bytes = bytes(random, shape, length(random));
      String where = "seed " + seed + ", round " + round + ", shape " + shape;
      byte[] frame = compressed(bytes);
      byte[] own = new byte[bytes.length];
      assertTrue(codec.decompress(frame, 0, frame.length, own, 0, own.length), where);
      assertArrayEquals(bytes, own, where);
      byte[] theirs = new byte[bytes.length];
      assertEquals(bytes.length, Zstd.decompress(theirs, frame), where);
      assertArrayEquals(bytes, theirs, where);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-5, 1, 3, 7, 12, 19, 22})
  void what_the_reference_writes_it_reads(int level) {
    SplittableRandom random = new SplittableRandom(level);
    for (int round = 0; round < 25; round++) {
      int shape = random.nextInt(SHAPES);
      byte[] bytes = bytes(random, shape, length(random));
      String where = "level " + level + ", round " + round + ", shape " + shape;
      byte[] frame = Zstd.compress(bytes, level);
      byte[] own = new byte[bytes.length];
      assertTrue(codec.canHold(frame.length, bytes.length), where);
      assertTrue(codec.decompress(frame, 0, frame.length, own, 0, own.length), where);
      assertArrayEquals(bytes, own, where);
    }
  }

  @Test
  void its_frames_are_about_as_small_as_the_references() {
    SplittableRandom random = new SplittableRandom(8);
    for (int shape = 2; shape < SHAPES; shape++) {
      byte[] bytes = bytes(random, shape, 64 << 10);
      int own = compressed(bytes).length;
      int theirs = Zstd.compress(bytes, 3).length;
      String what = "shape " + shape + ": " + own + " beside " + theirs;
      assertTrue(own <= theirs * 1.2, what);
    }
  }

  @Test
  void another_length_than_the_frames_is_refused() {
    byte[] bytes = bytes(new SplittableRandom(1), 5, 3000);
    byte[] frame = compressed(bytes);
    for (int length : new int[] {0, 1, 2999, 3001, 1 << 20}) {
      assertFalse(codec.decompress(frame, 0, frame.length, new byte[length], 0, length));
    }
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> codec.decompress(frame, 0, frame.length + 1, bytes, 0, bytes.length));
    assertThrows(
        IndexOutOfBoundsException.class, () -> codec.compress(bytes, 0, 3000, new byte[10], 0));
  }

  /// Any bytes give an answer, and nothing outside the target's range is written.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void damaged_frames_are_refused_or_read_within_their_range(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 600; round++) {
      byte[] bytes = bytes(random, random.nextInt(SHAPES), random.nextInt(1, 3000));
      byte[] frame =
          random.nextBoolean() ? compressed(bytes) : Zstd.compress(bytes, random.nextInt(1, 13));
      int kind = random.nextInt(3);
      if (kind == 0) {
        frame = Arrays.copyOf(frame, random.nextInt(frame.length + 1));
      } else {
        for (int i = random.nextInt(1, 4); i > 0; i--) {
          frame[
                  kind == 1
                      ? random.nextInt(frame.length)
                      : random.nextInt(Math.min(40, frame.length))] ^=
              (byte) (1 << random.nextInt(8));
        }
      }
      check(frame, bytes.length, "seed " + seed + ", round " + round);
    }
    for (int round = 0; round < 600; round++) {
      byte[] frame = new byte[random.nextInt(0, 200)];
      random.nextBytes(frame);
      byte[] header = compressed(new byte[500]);
      System.arraycopy(header, 0, frame, 0, Math.min(frame.length, 9));
      check(frame, 500, "seed " + seed + ", noise " + round);
    }
  }

  private void check(byte[] frame, int length, String where) {
    byte[] target = new byte[length + 2 * PADDING];
    Arrays.fill(target, (byte) 77);
    boolean _ = codec.decompress(frame, 0, frame.length, target, PADDING, length);
    for (int i = 0; i < PADDING; i++) {
      assertEquals(77, target[i], where);
      assertEquals(77, target[target.length - 1 - i], where);
    }
  }

  @Test
  void a_frame_that_says_more_than_fits_makes_nothing_of_it() {
    // Blocks of 128 KiB of one byte, four bytes each, for a target of a few.
    byte[] frame = new byte[9 + 4 * 1000];
    System.arraycopy(compressed(new byte[100]), 0, frame, 0, 9);
    for (int at = 9; at < frame.length; at += 4) {
      int header = (128 << 10) << 3 | 1 << 1;
      frame[at] = (byte) header;
      frame[at + 1] = (byte) (header >> 8);
      frame[at + 2] = (byte) (header >> 16);
    }
    assertFalse(codec.decompress(frame, 0, frame.length, new byte[100], 0, 100));
    assertFalse(codec.canHold(40, 1 << 30), "asked before room is made");
  }

  @Test
  void stores_find_it_by_its_number() {
    BlockCodec found = BlockCodecs.forReading(BlockCodecs.ZSTD);
    assertTrue(found instanceof ZstdCodec, () -> String.valueOf(found));
    assertTrue(BlockCodecs.forWriting(BlockCodecs.ZSTD) != found, "a writer has its own");
    assertEquals("zstd", found.name());
  }
}
