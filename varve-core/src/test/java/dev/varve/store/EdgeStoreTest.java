package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.base.Bytes;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store of the preset for little memory holds many times as much as that, and stays within it.
final class EdgeStoreTest {
  private static final int ENTRIES = 200_000;
  private static final int VALUE_BYTES = 100;

  @TempDir private Path directory;

  private long most;

  /** What the last look at the store's memory found. */
  private void look(Store store, String when) {
    long used = store.stats().memoryBytes();
    most = Math.max(most, used);
    assertTrue(used <= store.stats().memoryBytesMax(), () -> when + ": " + used + " bytes");
  }

  private static byte[] key(long i) {
    byte[] key = new byte[16];
    Bytes.putLongBigEndian(key, 0, i * 0x9E3779B97F4A7C15L);
    Bytes.putLongBigEndian(key, 8, i);
    return key;
  }

  private static byte[] value(long i) {
    byte[] value = new byte[VALUE_BYTES];
    SplittableRandom random = new SplittableRandom(i);
    for (int at = 0; at < VALUE_BYTES / 2; at++) {
      value[at] = (byte) random.nextInt();
    }
    return value;
  }

  @Test
  void two_mebibytes_hold_an_index_of_ten_times_as_much_under_load_reads_and_scans() {
    StoreOptions options = StoreOptions.preset(StoreOptions.Preset.EDGE);
    assertEquals(2 << 20, options.memory().bytes());
    try (Store store = Varve.open(directory, options)) {
      Keyspace keyspace =
          store.keyspace("all", KeyspaceOptions.preset(KeyspaceOptions.Preset.EDGE));
      for (int i = 0; i < ENTRIES; i++) {
        keyspace.put(key(i), value(i));
        if (i % 100 == 0) {
          look(store, "put " + i);
        }
      }
      read(store, keyspace);
      scan(store, keyspace);
      store.flush();
      look(store, "flushed");
    }
    try (Store store = Varve.open(directory, options)) {
      look(store, "opened");
      Keyspace keyspace = store.keyspace("all");
      read(store, keyspace);
      scan(store, keyspace);
      assertTrue(store.stats().diskBytes() > 5 * most, () -> store.stats().toString());
    }
  }

  @Test
  void a_keyspace_in_memory_waits_for_what_one_with_files_gives_back() throws Exception {
    try (Store store = Varve.open(directory, StoreOptions.preset(StoreOptions.Preset.EDGE))) {
      Keyspace files = store.keyspace("files", KeyspaceOptions.preset(KeyspaceOptions.Preset.EDGE));
      Keyspace memory = store.keyspace("memory", KeyspaceOptions.of(EngineKind.RBTREE));
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < ENTRIES / 2; i++) {
                        files.put(key(i), value(i));
                      }
                    } catch (Throwable e) {
                      failure.set(e);
                    }
                  });
      int i = 0;
      while (writer.isAlive()) {
        // It grows to a tenth of the store's memory, a little at a time.
        memory.put(key(i), value(i));
        i = (i + 1) % 1_000;
        if (i % 10 == 0) {
          Thread.sleep(1);
        }
      }
      writer.join();
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
    }
  }

  private void read(Store store, Keyspace keyspace) {
    SplittableRandom random = new SplittableRandom(3);
    for (int n = 0; n < 5_000; n++) {
      int i = random.nextInt(ENTRIES);
      assertArrayEquals(value(i), keyspace.get(key(i)));
      assertNull(keyspace.get(key(ENTRIES + (long) i)));
      if (n % 100 == 0) {
        look(store, "get " + n);
      }
    }
  }

  private void scan(Store store, Keyspace keyspace) {
    long count = 0;
    try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        if (count++ % 1000 == 0) {
          look(store, "entry " + count);
        }
      }
    }
    assertEquals(ENTRIES, count);
  }
}
