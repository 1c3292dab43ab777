package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The size on disk that statistics tell is that of the files.
@ExtendWith(StoreGuard.class)
final class DiskUseTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private long counted() throws IOException {
    long bytes = 0;
    for (String name : fs.list(StoreFixture.DIRECTORY)) {
      boolean counts =
          switch (StoreFileName.parse(name)) {
            case StoreFileName.Lock _, StoreFileName.Catalog _, StoreFileName.Manifest _ -> false;
            default -> true;
          };
      if (counts) {
        try (StoreFile file = fs.open(StoreFixture.DIRECTORY.resolve(name), OpenMode.READ)) {
          bytes += file.size();
        }
      }
    }
    return bytes;
  }

  @Test
  void the_size_on_disk_is_that_of_the_log_and_of_all_keyspaces_files() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    InlineBackground background = new InlineBackground();
    try (Store store = StoreFixture.openInline(fs, StoreOptions.defaults(), background)) {
      assertEquals(counted(), store.stats().diskBytes());
      for (int round = 0; round < 3; round++) {
        for (EngineKind engine : EngineKind.values()) {
          Keyspace keyspace = store.keyspace("of " + engine, KeyspaceOptions.of(engine));
          for (int i = 0; i < 100; i++) {
            byte[] value = new byte[200];
            random.nextBytes(value);
            keyspace.put((round + " " + i).getBytes(StandardCharsets.US_ASCII), value);
          }
        }
        assertEquals(counted(), store.stats().diskBytes(), "round " + round);
        store.flush();
        assertEquals(counted(), store.stats().diskBytes(), "flushed, round " + round);
        assertTrue(store.stats().diskBytes() > 20_000L * EngineKind.values().length);
      }
    }
  }
}
