package dev.varve.zstd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FormatException;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceContract;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.ReadContract;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stores with keyspaces that are compressed with Zstandard, with and without this module.
final class ZstdStoreTest {
  private static final KeyspaceOptions ZSTD =
      KeyspaceOptions.of(EngineKind.LSM)
          .withCompression(BlockCompression.ZSTD)
          .withMemtable(ByteSize.ofKibibytes(64));
  private static final int ENTRIES = 20_000;

  @TempDir private Path directory;

  private static byte[] key(int i) {
    return ("key" + i).getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] value(int i) {
    return ("the value of entry " + i + " is " + i * 7919L % 1000 + ", and it is text")
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static void fill(Keyspace keyspace) {
    for (int i = 0; i < ENTRIES; i++) {
      keyspace.put(key(i), value(i), dev.varve.kv.Durability.NONE);
    }
  }

  @Test
  void files_are_smaller_than_with_lz4_and_say_the_same() {
    try (Store store = Varve.open(directory)) {
      Keyspace zstd = store.keyspace("zstd", ZSTD);
      Keyspace lz4 = store.keyspace("lz4", ZSTD.withCompression(BlockCompression.LZ4));
      fill(zstd);
      fill(lz4);
      store.flush();
      assertTrue(
          zstd.stats().fileBytes() < 0.8 * lz4.stats().fileBytes(),
          () -> zstd.stats() + " beside " + lz4.stats());
    }
    try (Store store = Varve.open(directory)) {
      Keyspace zstd = store.keyspace("zstd");
      assertEquals(ZSTD, zstd.options());
      for (int i = 0; i < ENTRIES; i++) {
        assertArrayEquals(value(i), zstd.get(key(i)));
      }
      assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
    }
  }

  /** Runs `action` with the classes of the core alone. */
  private static Throwable withoutModule(Path where, boolean makeKeyspace) throws Exception {
    URL core = Varve.class.getProtectionDomain().getCodeSource().getLocation();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {core}, ClassLoader.getPlatformClassLoader())) {
      Class<?> varve = loader.loadClass(Varve.class.getName());
      Class<?> storeType = loader.loadClass(Store.class.getName());
      Class<?> optionsType = loader.loadClass(KeyspaceOptions.class.getName());
      try (AutoCloseable store =
          (AutoCloseable) varve.getMethod("open", Path.class).invoke(null, where)) {
        Object options = optionsType.getMethod("parse", String.class).invoke(null, ZSTD.toText());
        Object _ =
            makeKeyspace
                ? storeType
                    .getMethod("keyspace", String.class, optionsType)
                    .invoke(store, "more", options)
                : null;
        throw new AssertionError("nothing was refused");
      } catch (InvocationTargetException e) {
        return e.getCause();
      }
    }
  }

  private static void assertNamesModule(Class<?> type, Throwable found) {
    assertEquals(type.getName(), found.getClass().getName(), String.valueOf(found));
    String message = String.valueOf(found.getMessage());
    assertTrue(message.contains("zstd (2)") && message.contains("dev.varve:varve-zstd"), message);
  }

  @Test
  void without_the_module_a_store_names_it_and_is_left_as_it_was() throws Exception {
    try (Store store = Varve.open(directory)) {
      fill(store.keyspace("zstd", ZSTD));
      store.flush();
    }
    assertNamesModule(FormatException.class, withoutModule(directory, false));
    try (Store store = Varve.open(directory)) {
      assertTrue(store.recovery().clean());
      assertArrayEquals(value(7), store.keyspace("zstd").get(key(7)));
    }
  }

  @Test
  void without_the_module_no_keyspace_is_made() throws Exception {
    assertNamesModule(UsageException.class, withoutModule(directory, true));
    try (Store store = Varve.open(directory)) {
      assertEquals(List.of(), store.keyspaces());
      assertInstanceOf(Keyspace.class, store.keyspace("more", ZSTD));
    }
  }

  @Nested
  final class Keyspaces extends KeyspaceContract {
    @TempDir private Path own;

    @Override
    protected EngineKind engine() {
      return EngineKind.LSM;
    }

    @Override
    protected KeyspaceOptions options() {
      return ZSTD;
    }

    @Override
    protected Store open() {
      return Varve.open(own.resolve("store"));
    }
  }

  @Nested
  final class Reads extends ReadContract {
    @TempDir private Path own;

    @Override
    protected EngineKind engine() {
      return EngineKind.LSM;
    }

    @Override
    protected KeyspaceOptions options() {
      return ZSTD;
    }

    @Override
    protected Store open() {
      return Varve.open(own.resolve("store"));
    }
  }
}
