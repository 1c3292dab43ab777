package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Product.Settings;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import org.jspecify.annotations.Nullable;

/// A Chronicle Map in a file.
///
/// What is set, and where it is advised ("Chronicle Map Tutorial"):
/// - as many entries as there will be, without a margin: "Configure entries";
/// - keys and values of one size, by samples: "Key and Value Types";
/// - puts that answer no old value (`putReturnsNull`): "Chronicle Map behavior customization";
/// - a file that was not closed is recovered, one that was is opened: "Recovery". Whether it was
///   closed is told by a file beside it.
///
/// @threads as [MeasuredStore]
final class ChronicleStore implements MeasuredStore {
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 100;

  private final Path closed;
  private final ChronicleMap<byte[], byte[]> map;

  ChronicleStore(Path directory, Settings settings) {
    closed = directory.resolve("closed");
    File file = directory.resolve("bench.map").toFile();
    ChronicleMapBuilder<byte[], byte[]> builder =
        ChronicleMapBuilder.of(byte[].class, byte[].class)
            .name("bench")
            .entries(settings.entries())
            .constantKeySizeBySample(new byte[KEY_BYTES])
            .constantValueSizeBySample(new byte[VALUE_BYTES])
            .putReturnsNull(true);
    try {
      Files.createDirectories(directory);
      boolean wasClosed = Files.deleteIfExists(closed);
      map =
          file.exists() && !wasClosed
              ? builder.recoverPersistedTo(file, true)
              : builder.createPersistedTo(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void put(byte[] key, byte[] value) {
    byte @Nullable [] _ = map.put(key, value);
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    for (int i = 0; i < keys.length; i++) {
      put(keys[i], values[i]);
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    return map.get(key);
  }

  @Override
  public void flush() {
    // What is put is where it stays.
  }

  @Override
  public void close() {
    map.close();
    try {
      Path _ = Files.createFile(closed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
