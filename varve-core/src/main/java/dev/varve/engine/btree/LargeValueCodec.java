package dev.varve.engine.btree;

import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.btree.PageCodec.MalformedPage;
import java.util.Arrays;

/// A value that is kept apart as bytes: a codec, then the value, compressed or not.
///
/// @threads one at a time for an instance
final class LargeValueCodec {
  /** A larger value is not compressed: that would take as much memory again. */
  private static final int COMPRESSED_BYTES_MAX = 16 << 20;

  /** A value stays uncompressed unless compression saves one byte in this many. */
  private static final int SAVING_MIN = 8;

  private final BlockCodec codec;

  /// Writes values compressed by a codec, a number of [BlockCodecs].
  LargeValueCodec(int codec) {
    this.codec = BlockCodecs.forWriting(codec);
  }

  /// The bytes of a value.
  byte[] encode(byte[] value) {
    if (codec.id() != BlockCodecs.NONE && value.length <= COMPRESSED_BYTES_MAX) {
      byte[] compressed = new byte[1 + codec.compressedSizeMax(value.length)];
      int length = codec.compress(value, 0, value.length, compressed, 1);
      if (length <= value.length - value.length / SAVING_MIN) {
        compressed[0] = (byte) codec.id();
        return Arrays.copyOf(compressed, 1 + length);
      }
    }
    byte[] plain = new byte[1 + value.length];
    plain[0] = BlockCodecs.NONE;
    System.arraycopy(value, 0, plain, 1, value.length);
    return plain;
  }

  /// The value of `length` bytes that these bytes stand for.
  ///
  /// @throws MalformedPage when they stand for none
  static byte[] decode(byte[] bytes, int length) throws MalformedPage {
    if (bytes.length == 0) {
      throw new MalformedPage("a value without a codec");
    }
    BlockCodec codec = BlockCodecs.forReading(bytes[0]);
    if (codec == null) {
      throw new MalformedPage("a codec " + BlockCodecs.nameOf(bytes[0]));
    }
    if (!codec.canHold(bytes.length - 1, length)) {
      throw new MalformedPage(bytes.length - 1 + " bytes for " + length);
    }
    byte[] value = new byte[length];
    if (!codec.decompress(bytes, 1, bytes.length - 1, value, 0, length)) {
      throw new MalformedPage("a value that cannot be decompressed");
    }
    return value;
  }
}
