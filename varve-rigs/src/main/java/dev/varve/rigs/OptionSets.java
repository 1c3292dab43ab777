package dev.varve.rigs;

import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.StoreOptions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The sets of options that the metamorphic rig runs a list with: extremes that were made by hand,
/// then others that are drawn from a seed.
final class OptionSets {
  /** Extreme in one way, on top of tiny sizes; [EngineTuning#EXTREMES] has those of engines. */
  private static final List<String> EXTREMES =
      List.of(
          "",
          "settings=usual",
          "durability=none lanes=3",
          "durability=sync",
          "durability=periodic periodic-interval=1ms lanes=2 reopen-lanes=1",
          "durability=group group-batch-max=1 lanes=16 segment=4KiB",
          "segment=1MiB checkpoint-after=4KiB durability=none",
          "segment=4KiB checkpoint-after=64MiB durability=none lanes=3 reopen-lanes=1",
          "memory=64MiB segment=64KiB checkpoint-after=64MiB durability=none",
          "background=threads durability=none lanes=2",
          "filter-bits=0 compression=none durability=none",
          "filter-bits=24 compression=zstd durability=none",
          "filter-bits=1 compression=zstd durability=none");

  /** Stands for what is when nothing is said. */
  private static final String USUALLY = "";

  /** Of the store; each name, and what is drawn for it. Engines have theirs in [EngineTuning]. */
  private static final Map<String, List<String>> CHOICES =
      Map.ofEntries(
          Map.entry("durability", List.of("none", "none", "periodic", "group", "sync")),
          Map.entry("lanes", List.of("1", "2", "3", "16")),
          Map.entry("reopen-lanes", List.of("1", "2", "5")),
          Map.entry("segment", List.of("4KiB", "8KiB", "64KiB", "1MiB")),
          Map.entry("checkpoint-after", List.of("4KiB", "24KiB", "256KiB", "64MiB")),
          Map.entry("memory", List.of("4MiB", "16MiB", "64MiB")),
          Map.entry("periodic-interval", List.of("1ms", "50ms", "1h")),
          Map.entry("group-batch-max", List.of("1", "1000")),
          Map.entry("settings", List.of("usual", USUALLY, USUALLY, USUALLY)),
          Map.entry("compression", List.of("none", "lz4", "zstd")),
          Map.entry("filter-bits", List.of("0", "1", "5", "10", "24")),
          Map.entry("block", List.of("1KiB", "4KiB", "1MiB")),
          Map.entry("level-zero-files", List.of("1", "2", "4", "64")),
          Map.entry("memtable", List.of("64KiB", "128KiB", "1MiB")),
          Map.entry("blob-threshold", List.of("256B", "2KiB", "32KiB", "1GiB")));

  private OptionSets() {}

  /// So many sets for an engine, no two of the same effect; the first are made by hand.
  ///
  /// @param seed of those that are drawn
  static List<OptionSet> of(EngineKind engine, long seed, int count) {
    Set<OptionSet> sets = new LinkedHashSet<>();
    byHand().map(set -> set.of(engine)).forEach(sets::add);
    SplittableRandom random = new SplittableRandom(seed);
    while (sets.size() < count) {
      sets.add(drawn(engine, random));
    }
    return sets.stream().limit(count).toList();
  }

  /// Those that are made by hand, for an engine.
  static List<OptionSet> extremes(EngineKind engine) {
    return byHand().map(set -> set.of(engine)).distinct().toList();
  }

  private static Stream<OptionSet> byHand() {
    List<String> texts = new ArrayList<>(EXTREMES);
    texts.addAll(EngineTuning.EXTREMES);
    for (EngineKind partner : TinyEngines.kinds()) {
      texts.add("durability=none partner=" + partner.name().toLowerCase(Locale.ROOT));
    }
    for (String preset : StoreOptions.presetNames()) {
      texts.add("settings=usual preset=" + preset);
    }
    for (String preset : KeyspaceOptions.presetNames()) {
      texts.add("settings=usual durability=none keyspace-preset=" + preset);
    }
    return texts.stream().map(OptionSet::parse);
  }

  private static OptionSet drawn(EngineKind engine, SplittableRandom random) {
    Map<String, List<String>> choices = new TreeMap<>(CHOICES);
    choices.putAll(EngineTuning.CHOICES);
    NavigableMap<String, String> values = new TreeMap<>();
    choices.forEach(
        (name, all) -> {
          String value = all.get(random.nextInt(all.size()));
          if (random.nextBoolean() && !value.equals(USUALLY)) {
            values.put(name, value);
          }
        });
    List<EngineKind> engines = TinyEngines.kinds();
    EngineKind partner = engines.get(random.nextInt(engines.size()));
    if (random.nextInt(4) == 0) {
      values.put("partner", partner.name().toLowerCase(Locale.ROOT));
    }
    return new OptionSet(values).of(engine);
  }
}
