package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A process is killed between the write of an edit to a manifest and its sync. Its successor reads
/// the edit from the cache; whatever it does on the strength of it must come after its sync.
final class LsmKillThenPowerCutTest {
  private static final int PUTS = 500;

  private static final KeyspaceOptions SMALL =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));

  private static Store open(FileSystem fs) {
    return StoreFixture.openInline(
        fs,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        new InlineBackground());
  }

  private static byte[] key(int i) {
    return ("key " + i).getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * What a kill leaves, each time that an edit waits for its sync: every put has a key of its own.
   */
  private static List<MemoryFileSystem> killed() {
    MemoryFileSystem memory = StoreFixture.memory();
    List<MemoryFileSystem> left = new ArrayList<>();
    FaultFileSystem watched =
        new FaultFileSystem(
            memory,
            operation -> {
              if (operation.kind() == FileOperation.Kind.SYNC && isManifest(operation)) {
                left.add(memory.kill());
              }
            });
    try (Store store = open(watched)) {
      Keyspace other = store.keyspace("other", SMALL);
      Keyspace keyspace = store.keyspace("k", SMALL);
      SplittableRandom random = new SplittableRandom(1);
      other.put(key(-1), new byte[1]);
      store.flush();
      for (int i = 0; i < PUTS; i++) {
        byte[] value = new byte[900];
        random.nextBytes(value);
        keyspace.put(key(i), value);
        if (i == PUTS / 4) {
          store.flush();
        }
      }
    }
    return left;
  }

  private static boolean isManifest(FileOperation operation) {
    return StoreFileName.parse(operation.path().getFileName().toString())
        instanceof StoreFileName.Manifest;
  }

  /** Two commits made keyspaces, one put in the other: the rest are puts in this one. */
  private static void requireWhole(Store store, long least, String name) {
    long last = store.recovery().lastSequence();
    assertTrue(last >= least, () -> name + ": " + last + " of " + least);
    assertEquals(last - 3, store.keyspace("k").count(), name);
  }

  @Test
  void the_log_is_given_back_only_when_the_manifest_that_was_found_is_durable() {
    List<MemoryFileSystem> left = killed();
    assertTrue(left.size() > 5, () -> left.size() + " edits");
    for (int i = 0; i < left.size(); i++) {
      MemoryFileSystem fs = left.get(i);
      Store successor = open(fs);
      long found = successor.recovery().lastSequence();
      // Nothing of this concerns the keyspace with the edit.
      successor.keyspace("other").put(key(-1), new byte[2]);
      successor.flush();
      MemoryFileSystem cut = fs.crash(new CrashImage(i, CrashImage.Mode.SYNCED_ONLY));
      successor.close();
      try (Store recovered = open(cut)) {
        assertEquals(found + 1, recovered.recovery().lastSequence());
        assertEquals(found - 3, recovered.keyspace("k").count(), "edit " + i);
      }
    }
  }

  @Test
  void files_that_only_the_version_before_names_go_when_the_manifest_is_durable() {
    List<MemoryFileSystem> left = killed();
    for (int i = 0; i < left.size(); i++) {
      MemoryFileSystem fs = left.get(i);
      List<MemoryFileSystem> cuts = new ArrayList<>();
      int image = i;
      FaultFileSystem watched =
          new FaultFileSystem(
              fs,
              operation -> {
                if (operation.kind().changes()) {
                  cuts.add(fs.crash(new CrashImage(image, CrashImage.Mode.SYNCED_ONLY)));
                }
              });
      Store successor = open(watched);
      successor.sync();
      long found = successor.recovery().lastSequence();
      cuts.clear();
      successor.keyspace("k").put(key(PUTS + 1), new byte[1]);
      successor.flush();
      for (MemoryFileSystem cut : cuts) {
        try (Store recovered = open(cut)) {
          requireWhole(recovered, found, "edit " + i);
        }
      }
      successor.close();
    }
  }
}
