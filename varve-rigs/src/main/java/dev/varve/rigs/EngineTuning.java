package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.btree.BtreeEngine;
import dev.varve.engine.btree.BtreeSettings;
import dev.varve.engine.btree.heap.HeapOptions;
import dev.varve.engine.lsm.LsmEngine;
import dev.varve.engine.lsm.LsmSettings;
import dev.varve.engine.lsm.compaction.CompactionLimits;
import dev.varve.engine.lsm.compaction.CompactionOptions;
import dev.varve.kv.EngineKind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/// Settings of engines that users cannot choose, by name, in the place of those that their options
/// lead to. This is the one place of the rigs that knows how an engine is tuned: another one that
/// has settings has its names in [#CHOICES], each beginning with the name of its kind, its line in
/// [#make], and what is extreme of it in [#EXTREMES]; one that has none needs nothing.
///
/// @param values text by name
record EngineTuning(Map<String, String> values) {
  /// What the options lead to.
  static final EngineTuning USUAL = new EngineTuning(Map.of());

  /**
   * So small that a few hundred steps fill memtables, levels and manifests, split and join leaves,
   * move objects of a heap and replace its map.
   */
  private static final Map<String, String> TINY =
      Map.ofEntries(
          Map.entry("lsm-memtable", "4600"),
          Map.entry("lsm-block", "512"),
          // Some values of a script go to blob files.
          Map.entry("lsm-blob", "100"),
          Map.entry("lsm-trigger", "2"),
          Map.entry("lsm-base", "3072"),
          Map.entry("lsm-multiplier", "2"),
          Map.entry("lsm-target", "1500"),
          Map.entry("lsm-grandparents", "3000"),
          Map.entry("lsm-input", "6000"),
          Map.entry("lsm-manifest", "1500"),
          Map.entry("btree-order", "6"),
          Map.entry("btree-leaf", "700"),
          Map.entry("btree-leaf-first", "64"),
          // Some values of a script are kept apart from their leaves.
          Map.entry("btree-inline", "100"),
          Map.entry("btree-dirty", "16384"),
          Map.entry("btree-slab", "4096"),
          Map.entry("btree-map", "600"),
          Map.entry("btree-move", "2048"));

  /// What may be chosen for each name; sizes in bytes, times in milliseconds.
  static final Map<String, List<String>> CHOICES =
      Map.ofEntries(
          Map.entry("lsm-memtable", List.of("1", "600", "20000", "1048576")),
          Map.entry("lsm-slow", List.of("2", "12", "1000")),
          Map.entry("lsm-jobs", List.of("1", "4")),
          Map.entry("lsm-slices", List.of("1", "4")),
          Map.entry("lsm-block", List.of("64", "256", "4096", "1048576")),
          Map.entry("lsm-filter", List.of("1", "0.5", "0.000001")),
          Map.entry("lsm-resident", List.of("0", "300", "1048576")),
          Map.entry("lsm-blob", List.of("1", "30", "1000", "1073741824")),
          Map.entry("lsm-trigger", List.of("1", "4", "50")),
          Map.entry("lsm-base", List.of("1", "30000", "10485760")),
          Map.entry("lsm-multiplier", List.of("2", "10")),
          Map.entry("lsm-target", List.of("1", "400", "16384")),
          Map.entry("lsm-grandparents", List.of("1", "100000")),
          Map.entry("lsm-input", List.of("1", "1000000")),
          Map.entry("lsm-tombstone-age", List.of("1", "60", "10000")),
          Map.entry("lsm-manifest", List.of("1", "20000", "1048576")),
          Map.entry("btree-order", List.of("3", "4", "32", "1000")),
          Map.entry("btree-adaptive", List.of("true", "false")),
          Map.entry("btree-leaf", List.of("64", "300", "16384")),
          Map.entry("btree-leaf-first", List.of("16", "1024")),
          Map.entry("btree-inline", List.of("0", "10", "2000", "32767")),
          Map.entry("btree-dirty", List.of("1", "4096", "1048576")),
          Map.entry("btree-log", List.of("1", "20000")),
          Map.entry("btree-slab", List.of("4096", "65536")),
          Map.entry("btree-map", List.of("1", "65536")),
          Map.entry("btree-move", List.of("0", "65536")));

  /// Sets of options, as [OptionSet] has them, that are extreme in one way, on top of tiny ones.
  static final List<String> EXTREMES =
      List.of(
          // A cache of nearly nothing: what is read is read from files again.
          "memory=1MiB lsm-resident=0 durability=none",
          // Each commit fills a memtable, each entry a file, each edit a manifest.
          "lsm-memtable=1 lsm-target=1 lsm-base=1 lsm-input=1 lsm-manifest=1 durability=none",
          "lsm-memtable=1048576 lsm-block=4096 checkpoint-after=64MiB durability=none",
          "lsm-block=64 lsm-resident=300 compression=none durability=none",
          "lsm-block=1048576 lsm-target=1048576 lsm-base=10485760 durability=none",
          "lsm-filter=0.5 lsm-trigger=1 durability=none",
          "lsm-blob=1 durability=none",
          "lsm-blob=1073741824 durability=none",
          "lsm-trigger=50 lsm-slow=1000 durability=none",
          "lsm-tombstone-age=1 lsm-multiplier=10 durability=none",
          "lsm-jobs=4 lsm-slices=4 lsm-base=1 background=threads durability=none",
          "lsm-jobs=1 lsm-slices=1 lsm-grandparents=1 durability=none",
          // Each leaf is as small as it gets; then as large.
          "btree-order=3 btree-leaf=64 durability=none",
          "btree-order=1000 btree-leaf=16384 btree-leaf-first=1024 btree-adaptive=true"
              + " durability=none",
          // Every value is kept apart, and each commit is reason for a flush.
          "btree-inline=0 btree-dirty=1 durability=none",
          "btree-map=1 btree-move=0 durability=none",
          "btree-dirty=1 btree-log=1 background=threads durability=none",
          // No leaf stays in memory.
          "memory=1MiB btree-leaf=16384 btree-inline=32767 durability=none");

  EngineTuning {
    values = Map.copyOf(values);
  }

  /// Settings so small that little is needed to reach everything.
  static EngineTuning tiny() {
    return new EngineTuning(TINY);
  }

  /// Whether a name is one of an engine's settings.
  static boolean concerns(EngineKind kind, String name) {
    return CHOICES.containsKey(name) && name.startsWith(kind.name().toLowerCase(Locale.ROOT) + "-");
  }

  /// Whether an engine has settings at all.
  static boolean concerns(EngineKind kind) {
    return CHOICES.keySet().stream().anyMatch(name -> concerns(kind, name));
  }

  /// The same with other values beside or in the place of these.
  EngineTuning with(Map<String, String> others) {
    Map<String, String> all = new LinkedHashMap<>(values);
    all.putAll(others);
    return new EngineTuning(all);
  }

  /// Makes an engine of a kind.
  ///
  /// @param usual makes it where there is nothing to tune
  Engine make(EngineKind kind, EngineContext context, Function<EngineContext, Engine> usual) {
    return switch (kind) {
      case LSM -> LsmEngine.of(context, this::lsm);
      case BTREE -> BtreeEngine.of(context, this::btree);
      default -> usual.apply(context);
    };
  }

  private LsmSettings lsm(LsmSettings usual) {
    CompactionOptions compaction = usual.compaction();
    CompactionLimits limits = usual.limits();
    int trigger = (int) number("lsm-trigger", compaction.levelZeroTrigger());
    long target = number("lsm-target", compaction.targetFileBytes());
    return new LsmSettings(
        number("lsm-memtable", usual.memtableBytes()),
        // Whoever is slowed before a compaction is due would wait for nothing.
        Math.max(trigger + 2, (int) number("lsm-slow", usual.levelZeroSlow())),
        new CompactionLimits(
            (int) number("lsm-jobs", limits.jobs()),
            (int) number("lsm-slices", limits.slices()),
            limits.bytesPerSecond()),
        usual
            .sstables()
            .withBlockBytes((int) number("lsm-block", usual.sstables().blockBytes()))
            .withFalsePositives(rate("lsm-filter", usual.sstables().falsePositives()))
            .withResidentBytes((int) number("lsm-resident", usual.sstables().residentBytes())),
        (int) number("lsm-blob", usual.blobThreshold()),
        new CompactionOptions(
            trigger,
            number("lsm-base", compaction.baseBytes()),
            (int) number("lsm-multiplier", compaction.multiplier()),
            target,
            Math.max(target, number("lsm-grandparents", compaction.grandparentBytesMax())),
            Math.max(target, number("lsm-input", compaction.inputBytesMax())),
            Duration.ofMillis(number("lsm-tombstone-age", compaction.tombstoneAge().toMillis()))),
        number("lsm-manifest", usual.manifestBytesMax()));
  }

  private BtreeSettings btree(BtreeSettings usual) {
    HeapOptions heap = usual.heap();
    return new BtreeSettings(
        (int) number("btree-order", usual.order()),
        Boolean.parseBoolean(
            values.getOrDefault("btree-adaptive", String.valueOf(usual.adaptiveOrder()))),
        (int) number("btree-leaf", usual.leafBytesMax()),
        (int) number("btree-leaf-first", usual.leafBytesFirst()),
        (int) number("btree-inline", usual.inlineBytesMax()),
        usual.codec(),
        number("btree-dirty", usual.dirtyBytesMax()),
        number("btree-log", usual.logBytesMax()),
        heap.withSlabBytes((int) number("btree-slab", heap.slabBytes()))
            .withMapBytesMin(number("btree-map", heap.mapBytesMin()))
            .withMoveBytesMin(number("btree-move", heap.moveBytesMin())));
  }

  private long number(String name, long usual) {
    String value = values.get(name);
    return value == null ? usual : Long.parseLong(value);
  }

  private double rate(String name, double usual) {
    String value = values.get(name);
    return value == null ? usual : Double.parseDouble(value);
  }
}
