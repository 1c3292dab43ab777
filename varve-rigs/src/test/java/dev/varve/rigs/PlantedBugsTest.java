package dev.varve.rigs;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A rig counts only if it finds its planted bugs: each run here must find at least one violation.
final class PlantedBugsTest {
  private static final long SEED = Long.getLong("varve.seed", 1);

  private static RigCase rigCase(Durability level, int steps) {
    return new RigCase(EngineKind.RBTREE, level, 1, SEED, steps);
  }

  private static void requireFound(Findings findings, Object bug) {
    Violation first = findings.first();
    assertTrue(first != null, () -> "nobody found " + bug + ": " + findings);
    assertNotNull(first);
    assertTrue(first.toString().contains("repeat with: varve-rigs "), first.toString());
    System.out.println("found " + bug + ": " + first.what());
  }

  /// For the crash rig.
  @ParameterizedTest
  @EnumSource(
      names = {
        "SEGMENT_SYNC_SKIPPED",
        "FORCE_SKIPPED",
        "SNAPSHOT_SYNC_SKIPPED",
        "CATALOG_SYNC_SKIPPED",
        "DIRECTORY_SYNC_SKIPPED",
        "SHORT_WRITE_REPORTED_WHOLE",
        "RENAME_NOT_ATOMIC",
        "STALE_CATALOG_READ"
      })
  void the_crash_rig_finds_a_lie(Lie lie) {
    Findings findings = new Findings();
    CrashRig.Sample sample = new CrashRig.Sample(7, 1000, -1);
    CrashRig.explore(rigCase(Durability.SYNC, 80), CrashRig.Planted.lie(lie), sample, findings);
    requireFound(findings, lie);
  }

  private static RigCase lsmCase(Durability level, int steps, PlantedBug bug) {
    return new RigCase(EngineKind.LSM, level, 1, SEED, steps, bug);
  }

  private static RigCase btreeCase(Durability level, int steps, PlantedBug bug) {
    return new RigCase(EngineKind.BTREE, level, 1, SEED, steps, bug);
  }

  /// For the crash rig, of files that only an LSM has.
  @ParameterizedTest
  @EnumSource(names = {"SSTABLE_SYNC_SKIPPED", "SSTABLE_NAME_NOT_SYNCED", "EDIT_SYNC_SKIPPED"})
  void the_crash_rig_finds_a_lie_about_sstables_and_manifests(Lie lie) {
    Findings findings = new Findings();
    CrashRig.explore(
        lsmCase(Durability.SYNC, 80, PlantedBug.NONE),
        CrashRig.Planted.lie(lie),
        new CrashRig.Sample(17, 1000, -1),
        findings);
    requireFound(findings, lie);
  }

  /// For the crash rig, in the engine.
  @ParameterizedTest
  @EnumSource(names = {"LOG_NOT_SYNCED_BEFORE_FLUSH", "SNAPSHOTS_FORGOTTEN"})
  void the_crash_rig_finds_a_bug_of_the_lsm(FilesBug bug) {
    Findings findings = new Findings();
    CrashRig.explore(
        lsmCase(Durability.NONE, 150, bug),
        CrashRig.Planted.NOTHING,
        new CrashRig.Sample(17, 1000, -1),
        findings);
    requireFound(findings, bug);
  }

  /// For the crash rig, of files that only a B+Tree has: slots that are not durable, or were freed
  /// too early.
  @ParameterizedTest
  @EnumSource(names = {"HEAP_SYNC_SKIPPED", "HEAP_MAP_SYNC_SKIPPED"})
  void the_crash_rig_finds_a_lie_about_heaps_and_their_maps(Lie lie) {
    Findings findings = new Findings();
    CrashRig.explore(
        btreeCase(Durability.SYNC, 80, PlantedBug.NONE),
        CrashRig.Planted.lie(lie),
        new CrashRig.Sample(17, 1000, -1),
        findings);
    requireFound(findings, lie);
  }

  /// For the crash rig, in the engine.
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "DAMAGE_TAKEN_FOR_THE_END")
  void the_crash_rig_finds_a_bug_of_the_btree(FilesBug bug) {
    Findings findings = new Findings();
    CrashRig.explore(
        btreeCase(Durability.NONE, 150, bug),
        CrashRig.Planted.NOTHING,
        new CrashRig.Sample(17, 1000, -1),
        findings);
    requireFound(findings, bug);
  }

  /// For the error rig, in the engine or around it.
  @ParameterizedTest
  @EnumSource(names = {"SYNC_ERROR_SWALLOWED", "READ_ERROR_GIVES_ZEROS"})
  void the_error_rig_finds_a_lie_to_the_btree(Lie lie) {
    Findings findings = new Findings();
    ErrorRig.explore(
        btreeCase(Durability.SYNC, 60, PlantedBug.NONE),
        CrashRig.Planted.lie(lie),
        new ErrorRig.Sample(3, -1),
        findings);
    requireFound(findings, lie);
  }

  @ParameterizedTest
  @EnumSource(names = {"LSM", "BTREE"})
  void the_damage_rig_finds_damage_that_is_taken_for_the_end(EngineKind engine) {
    Findings findings = new Findings();
    RigCase rigCase =
        new RigCase(engine, Durability.SYNC, 1, SEED, 60, FilesBug.DAMAGE_TAKEN_FOR_THE_END);
    try (DamageRig rig =
        new DamageRig(rigCase, DamageRig.PLAIN, new DamageRig.Sample(1009, -1), 60_000, findings)) {
      rig.sweep();
    }
    requireFound(findings, rigCase.bug());
  }

  /// A store that acknowledges before it syncs: it works at a lower level than it is judged by.
  @ParameterizedTest
  @EnumSource(names = {"NONE", "PERIODIC"})
  void the_crash_rig_finds_acknowledgments_before_their_sync(Durability real) {
    Findings findings = new Findings();
    CrashRig.Planted planted = new CrashRig.Planted(UnaryOperator.identity(), Durability.SYNC);
    CrashRig.explore(rigCase(real, 60), planted, new CrashRig.Sample(7, 1000, -1), findings);
    requireFound(findings, real + " taken for SYNC");
  }

  /// For the error rig.
  @ParameterizedTest
  @EnumSource(
      names = {
        "SYNC_ERROR_SWALLOWED",
        "SYNC_RETRIED",
        "WRITE_ERROR_SWALLOWED",
        "FULL_DISK_REPORTED_AS_BROKEN",
        "READ_ERROR_GIVES_ZEROS"
      })
  void the_error_rig_finds_a_lie(Lie lie) {
    Findings findings = new Findings();
    for (int stride : new int[] {11, 1}) {
      if (findings.first() == null) {
        ErrorRig.explore(
            rigCase(Durability.SYNC, 40),
            CrashRig.Planted.lie(lie),
            new ErrorRig.Sample(stride, -1),
            findings);
      }
    }
    requireFound(findings, lie);
  }

  /// What a store that is damaged could do wrong.
  enum BadReader implements DamageRig.Reader {
    /// It takes what it finds for a new store.
    FORGETS_WHAT_IS_DAMAGED {
      @Override
      public RigStore open(MemoryFileSystem fs, RigCase rigCase) {
        try {
          return DamageRig.PLAIN.open(fs, rigCase);
        } catch (CorruptionException e) {
          return DamageRig.PLAIN.open(new MemoryFileSystem(), rigCase);
        }
      }
    },
    /// It throws what is not a store's.
    THROWS_UNTYPED {
      @Override
      public RigStore open(MemoryFileSystem fs, RigCase rigCase) {
        try {
          return DamageRig.PLAIN.open(fs, rigCase);
        } catch (CorruptionException e) {
          throw new IllegalStateException(e);
        }
      }
    },
    /// It changes a file before it refuses.
    CHANGES_FILES {
      @Override
      public RigStore open(MemoryFileSystem fs, RigCase rigCase) {
        try {
          return DamageRig.PLAIN.open(fs, rigCase);
        } catch (CorruptionException e) {
          fs.replaceBytes(RigStore.DIRECTORY.resolve("CATALOG"), new byte[1]);
          throw e;
        }
      }
    },
    /// It never ends.
    HANGS {
      @Override
      public RigStore open(MemoryFileSystem fs, RigCase rigCase) {
        try {
          return DamageRig.PLAIN.open(fs, rigCase);
        } catch (CorruptionException e) {
          try {
            Thread.sleep(Duration.ofHours(1));
          } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
          }
          throw e;
        }
      }
    },
    /// It believes a length and makes room for it.
    ALLOCATES {
      @Override
      public RigStore open(MemoryFileSystem fs, RigCase rigCase) {
        byte[] room = new byte[100 << 20];
        assertTrue(room.length > 0);
        return DamageRig.PLAIN.open(fs, rigCase);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void the_damage_rig_finds_a_bad_reader(BadReader bug) {
    Findings findings = new Findings();
    long timeoutMillis = bug == BadReader.HANGS ? 50 : 60_000;
    RigCase rigCase = new RigCase(EngineKind.HASH, Durability.SYNC, 3, SEED, 60);
    try (DamageRig rig =
        new DamageRig(rigCase, bug, new DamageRig.Sample(1009, -1), timeoutMillis, findings)) {
      rig.sweep();
    }
    requireFound(findings, bug);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void the_kill_rig_finds_a_bad_writer(KillWriter.Bug bug, @TempDir Path directory)
      throws Exception {
    Findings findings = new Findings();
    new KillRig(directory, SEED, bug, findings).run(9);
    requireFound(findings, bug);
  }
}
