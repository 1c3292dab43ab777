package dev.varve.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class Lz4CodecTest {
  private static final byte GUARD = 0x5A;
  private final Lz4Codec codec = new Lz4Codec();

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private byte[] compress(byte[] data) {
    byte[] target = new byte[codec.compressedSizeMax(data.length)];
    return Arrays.copyOf(target, codec.compress(data, 0, data.length, target, 0));
  }

  /** Decompresses between guards, which must stay. Null when the codec says that it cannot. */
  private byte[] decompress(byte[] block, int length) {
    byte[] source = new byte[block.length + 7];
    System.arraycopy(block, 0, source, 3, block.length);
    byte[] target = new byte[length + 64];
    Arrays.fill(target, GUARD);
    boolean sound = codec.decompress(source, 3, block.length, target, 32, length);
    for (int i = 0; i < 32; i++) {
      assertEquals(GUARD, target[i]);
      assertEquals(GUARD, target[32 + length + i]);
    }
    return sound ? Arrays.copyOfRange(target, 32, 32 + length) : null;
  }

  /// Blocks put together by hand from the format's description.
  @Test
  void known_blocks_are_read() {
    assertArrayEquals(new byte[0], decompress(hex("00"), 0));
    assertArrayEquals(ascii("a"), decompress(hex("10 61"), 1));
    assertArrayEquals(
        ascii("123456789012345"), decompress(hex("f0 00" + "313233343536373839303132333435"), 15));
    // "ab", then 4 bytes from 2 back, then five literals.
    assertArrayEquals(ascii("abababvwxyz"), decompress(hex("20 6162 0200 50 767778797a"), 11));
    // One byte, 15 + 4 + 7 from 1 back, then five literals.
    assertArrayEquals(
        ascii("a".repeat(27) + "vwxyz"), decompress(hex("1f 61 0100 07 50 767778797a"), 32));
    // A length over two bytes: 15 + 255 + 2 + 4.
    assertArrayEquals(ascii("a".repeat(277) + "v"), decompress(hex("1f 61 0100 ff02 10 76"), 278));
    // 15 + 255 + 0 literals.
    assertArrayEquals(new byte[270], decompress(hex("f0 ff00" + "00".repeat(270)), 270));
  }

  @Test
  void known_data_is_written_as_the_format_has_it() {
    assertArrayEquals(hex("00"), compress(new byte[0]));
    assertArrayEquals(hex("50 68656c6c6f"), compress(ascii("hello")));
    // The last five bytes are literals; 27 of 32 equal bytes are one literal and a match of 26.
    assertArrayEquals(hex("1f 61 0100 07 50 6161616161"), compress(ascii("a".repeat(32))));
  }

  /// Records behind a column that looks random, so that the search comes to the first of them with
  /// long steps: of each but the first what fills it up is one match, from its begin on.
  @Test
  void what_fills_up_a_record_is_found_whole_in_the_next() {
    int records = 34;
    int filling = 56;
    int rest = 44;
    byte[] data = new byte[600 + records * (rest + filling)];
    new SplittableRandom(1).nextBytes(data);
    for (int i = 0; i < records; i++) {
      int end = 600 + (i + 1) * (rest + filling);
      Arrays.fill(data, end - filling, end - 4, (byte) 'v');
      Arrays.fill(data, end - 4, end, (byte) 0);
    }

    byte[] block = compress(data);

    // Token, distance and a byte more for each of the two lengths.
    int each = rest + 1 + 2 + 2;
    int atMost = 600 + filling + records * each + 20;
    assertTrue(block.length <= atMost, block.length + " bytes, not " + atMost);
    assertArrayEquals(data, decompress(block, data.length));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void malformed_blocks_are_told() {
    assertNull(decompress(hex(""), 0), "no token");
    assertNull(decompress(hex("00"), 1), "too short for what it should be");
    assertNull(decompress(hex("10 61"), 0), "too long");
    assertNull(decompress(hex("20 61"), 2), "literals missing");
    assertNull(decompress(hex("f0"), 15), "length missing");
    assertNull(decompress(hex("f0 ff"), 15), "length does not end");
    assertNull(decompress(hex("10 61 01"), 5), "distance cut");
    assertNull(decompress(hex("10 61 0000 10 62"), 6), "distance 0");
    assertNull(decompress(hex("10 61 0200 10 62"), 6), "distance before the begin");
    assertNull(decompress(hex("1f 61 0100"), 20), "length of the match missing");
    assertNull(decompress(hex("10 61 0100"), 5), "no last literals");
    assertNull(decompress(hex("10 61 0100 10 62"), 5), "longer than it should be");
    assertNotNull(decompress(hex("10 61 0100 10 62"), 6));
    byte[] endless = new byte[9_000_000];
    Arrays.fill(endless, (byte) 0xFF);
    assertNull(decompress(endless, 100), "a length beyond 31 bits");
  }

  @Test
  void data_of_all_kinds_round_trips() {
    for (long seed = 0; seed < 4000; seed++) {
      byte[] data = data(new SplittableRandom(seed));
      assertArrayEquals(data, decompress(compress(data), data.length), "seed " + seed);
    }
  }

  @Test
  void huge_data_round_trips_and_equal_bytes_get_small() {
    SplittableRandom random = new SplittableRandom(7);
    byte[] noise = new byte[5_000_000];
    random.nextBytes(noise);
    assertArrayEquals(noise, decompress(compress(noise), noise.length));
    byte[] zeros = new byte[30_000_000];
    byte[] small = compress(zeros);
    assertTrue(small.length < zeros.length / 250, () -> small.length + " bytes");
    assertTrue(codec.canHold(small.length, zeros.length));
    assertArrayEquals(zeros, decompress(small, zeros.length));
    byte[] twice = Arrays.copyOf(noise, 120_000);
    System.arraycopy(noise, 0, twice, 60_000, 60_000);
    assertTrue(compress(twice).length < 61_000, "a repetition 60,000 bytes back is found");
    twice = Arrays.copyOf(noise, 140_000);
    System.arraycopy(noise, 0, twice, 70_000, 70_000);
    assertArrayEquals(twice, decompress(compress(twice), twice.length), "too far back for a match");
  }

  @Test
  void what_a_codec_saw_before_does_not_matter() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 2000; i++) {
      byte[] data = data(random);
      assertArrayEquals(new Lz4CodecTest().compress(data), compress(data));
    }
  }

  @Test
  void text_gets_smaller() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      text.append("user:").append(1000 + i).append(" lives in town ").append(i % 7).append('\n');
    }
    byte[] data = ascii(text.toString());
    assertTrue(compress(data).length * 3 < data.length, () -> compress(data).length + " bytes");
  }

  @Test
  void any_bytes_give_an_answer() {
    SplittableRandom random = new SplittableRandom(3);
    int sound = 0;
    for (int i = 0; i < 200_000; i++) {
      byte[] block;
      int length;
      if (random.nextInt(4) == 0) {
        block = new byte[random.nextInt(40)];
        random.nextBytes(block);
        length = random.nextInt(200);
      } else {
        byte[] data = data(random);
        block = compress(data);
        length = Math.max(0, data.length + (random.nextInt(3) == 0 ? random.nextInt(-20, 21) : 0));
        for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
          block[random.nextInt(block.length)] ^= (byte) (1 << random.nextInt(8));
        }
        if (random.nextInt(4) == 0) {
          block = Arrays.copyOf(block, random.nextInt(block.length + 1));
        }
      }
      sound += decompress(block, length) != null ? 1 : 0;
    }
    assertTrue(sound > 0, "some changes are of literals alone");
  }

  @Test
  void codecs_are_found_by_their_numbers() {
    for (int id : new int[] {BlockCodecs.NONE, BlockCodecs.LZ4}) {
      assertEquals(id, BlockCodecs.forWriting(id).id());
      BlockCodec reading = BlockCodecs.forReading(id);
      assertNotNull(reading);
      assertEquals(id, reading.id());
      assertTrue(BlockCodecs.nameOf(id).startsWith(reading.name()));
    }
    assertNull(BlockCodecs.forReading(BlockCodecs.ZSTD));
    assertThrows(IllegalArgumentException.class, () -> BlockCodecs.forWriting(BlockCodecs.ZSTD));
    assertEquals("zstd (2)", BlockCodecs.nameOf(BlockCodecs.ZSTD));
    assertTrue(BlockCodecs.nameOf(77).contains("77"));
    BlockCodec none = BlockCodecs.forWriting(BlockCodecs.NONE);
    byte[] target = new byte[4];
    assertEquals(3, none.compress(new byte[] {0, 1, 2, 3}, 1, 3, target, 1));
    assertArrayEquals(new byte[] {0, 1, 2, 3}, target);
    assertFalse(none.decompress(target, 0, 4, new byte[4], 0, 3));
    assertFalse(none.canHold(3, 4));
  }

  /** Random, repetitive, empty, or a mixture. */
  private static byte[] data(SplittableRandom random) {
    byte[] data = new byte[random.nextInt(1 << random.nextInt(13))];
    int alphabet = 1 << random.nextInt(9);
    for (int i = 0; i < data.length; i++) {
      int back = i == 0 ? 0 : random.nextInt(1, i + 1);
      if (random.nextInt(4) == 0 && back > 0) {
        for (int n = random.nextInt(40); n > 0 && i < data.length; n--, i++) {
          data[i] = data[i - back];
        }
        i--;
      } else {
        data[i] = (byte) random.nextInt(alphabet);
      }
    }
    return data;
  }
}
