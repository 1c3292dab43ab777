package dev.varve.rigs;

import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.StoreOptions;
import dev.varve.model.Script;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a rig runs: a script drawn from a seed against a store with these options.
///
/// @param engine of all its keyspaces
/// @param level the store's own durability
/// @param lanes of its log
/// @param seed of the script, of images and of faults
/// @param steps how long the script is
/// @param bug what is wrong with its engines on purpose
record RigCase(
    EngineKind engine, Durability level, int lanes, long seed, int steps, PlantedBug bug) {
  /** Tiny limits: segments roll and are recycled, snapshot files are written many times. */
  private static final ByteSize SEGMENT = ByteSize.ofKibibytes(8);

  private static final ByteSize CHECKPOINT_AFTER = ByteSize.ofKibibytes(8);
  private static final ByteSize MEMORY = ByteSize.ofMebibytes(16);

  /** Of engines with files: they flush by themselves between two flushes of the store. */
  private static final ByteSize FILES_CHECKPOINT_AFTER = ByteSize.ofKibibytes(24);

  /**
   * Of some LSMs: tombstones make a compaction due, and indexes are read through the cache. Of some
   * B+Trees: the order follows how full leaves are.
   */
  private static final Map<String, String> VARIED =
      Map.of("lsm-tombstone-age", "60", "lsm-resident", "0", "btree-adaptive", "true");

  RigCase(EngineKind engine, Durability level, int lanes, long seed, int steps) {
    this(engine, level, lanes, seed, steps, PlantedBug.NONE);
  }

  /// All engines, all levels, one lane and three.
  static List<RigCase> all(long seed, int steps) {
    List<RigCase> cases = new ArrayList<>();
    for (EngineKind engine : EngineKind.values()) {
      for (Durability level : Durability.values()) {
        for (int lanes : new int[] {1, 3}) {
          cases.add(new RigCase(engine, level, lanes, seed, steps));
        }
      }
    }
    return cases;
  }

  Script script() {
    return Script.draw(seed, steps, engine.isOrdered());
  }

  StoreOptions options() {
    return options(lanes);
  }

  StoreOptions options(int laneCount) {
    return StoreOptions.defaults()
        .withDurability(level)
        .withLanes(laneCount)
        .withSegment(SEGMENT)
        .withCheckpointAfter(engine.isResident() ? CHECKPOINT_AFTER : FILES_CHECKPOINT_AFTER)
        .withMemory(MEMORY)
        .withDefaultEngine(engine)
        .withLeakDetection(false);
  }

  /// A store with these options.
  RigSetup setup(StoreOptions options) {
    EngineTuning tuning = EngineTuning.tiny();
    return new RigSetup(
        seed,
        options,
        name -> KeyspaceOptions.of(engine),
        lanes > 1 ? tuning.with(VARIED) : tuning,
        bug,
        false);
  }

  RigCase withLevel(Durability other) {
    return new RigCase(engine, other, lanes, seed, steps, bug);
  }

  /// As options of the command.
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "--engine %s --level %s --lanes %d --seed %d --steps %d",
        engine.name().toLowerCase(Locale.ROOT),
        level.name().toLowerCase(Locale.ROOT),
        lanes,
        seed,
        steps);
  }
}
