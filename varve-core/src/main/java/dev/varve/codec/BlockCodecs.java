package dev.varve.codec;

import dev.varve.kv.BlockCompression;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/// The codecs that there are: those of this module, and those that other modules provide as
/// services of the type [BlockCodec].
///
/// @threads safe
public final class BlockCodecs {
  /// Bytes as they are.
  public static final int NONE = 0;

  /// The LZ4 block format.
  public static final int LZ4 = 1;

  /// Zstandard, which the module `varve-zstd` provides.
  public static final int ZSTD = 2;

  private static final Lz4Codec LZ4_DECODER = new Lz4Codec();

  /** The codecs of other modules, looked for when one is first asked for. */
  private static final class Provided {
    /** What makes a codec of each number. */
    static final Map<Integer, ServiceLoader.Provider<BlockCodec>> MAKERS = new HashMap<>();

    /** One of each number, to decompress with. */
    static final Map<Integer, BlockCodec> DECODERS = new HashMap<>();

    static {
      ServiceLoader.load(BlockCodec.class, BlockCodec.class.getClassLoader()).stream()
          .forEach(
              provider -> {
                BlockCodec codec = provider.get();
                if (codec.id() > LZ4) {
                  MAKERS.putIfAbsent(codec.id(), provider);
                  DECODERS.putIfAbsent(codec.id(), codec);
                }
              });
    }

    private Provided() {}
  }

  private BlockCodecs() {}

  /// The number of what an option names.
  public static int idOf(BlockCompression compression) {
    return switch (compression) {
      case NONE -> NONE;
      case LZ4 -> LZ4;
      case ZSTD -> ZSTD;
    };
  }

  /// A codec for one writer.
  ///
  /// @throws IllegalArgumentException when there is none of that number
  public static BlockCodec forWriting(int id) {
    return switch (id) {
      case NONE -> NoCodec.INSTANCE;
      case LZ4 -> new Lz4Codec();
      default -> {
        ServiceLoader.Provider<BlockCodec> maker = Provided.MAKERS.get(id);
        if (maker == null) {
          throw new IllegalArgumentException("no codec " + nameOf(id) + " here");
        }
        yield maker.get();
      }
    };
  }

  /// The codec that any thread may decompress with, or null when there is none of that number;
  /// [#nameOf] and [#remedy] then have the words for a message.
  public static @Nullable BlockCodec forReading(int id) {
    return switch (id) {
      case NONE -> NoCodec.INSTANCE;
      case LZ4 -> LZ4_DECODER;
      default -> Provided.DECODERS.get(id);
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

  /// What to do where there is no codec of that number.
  public static String remedy(int id) {
    return id == ZSTD
        ? "add the module varve-zstd (dev.varve:varve-zstd) to the class path or module path"
        : "use the version of Varve that wrote it, or a newer one";
  }
}
