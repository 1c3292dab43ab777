package dev.varve.codec;

import org.jspecify.annotations.Nullable;

/// The codecs that there are.
///
/// @threads safe
public final class BlockCodecs {
  /// Bytes as they are.
  public static final int NONE = 0;

  /// The LZ4 block format.
  public static final int LZ4 = 1;

  /// Zstandard, which is not part of this module.
  public static final int ZSTD = 2;

  private static final Lz4Codec LZ4_DECODER = new Lz4Codec();

  private BlockCodecs() {}

  /// A codec for one writer.
  ///
  /// @throws IllegalArgumentException when this module has none of that number
  public static BlockCodec forWriting(int id) {
    return switch (id) {
      case NONE -> NoCodec.INSTANCE;
      case LZ4 -> new Lz4Codec();
      default -> throw new IllegalArgumentException("no codec " + nameOf(id) + " in this module");
    };
  }

  /// The codec that any thread may decompress with, or null when this module has none of that
  /// number; [#nameOf] then has the word for a message.
  public static @Nullable BlockCodec forReading(int id) {
    return switch (id) {
      case NONE -> NoCodec.INSTANCE;
      case LZ4 -> LZ4_DECODER;
      default -> null;
    };
  }

  /// A codec's name and number, whether it is known or not.
  public static String nameOf(int id) {
    return switch (id) {
      case NONE -> "none (0)";
      case LZ4 -> "lz4 (1)";
      case ZSTD -> "zstd (2)";
      default -> "of an unknown kind (" + id + ")";
    };
  }
}
