package dev.varve.bench;

import dev.varve.kv.EngineKind;
import java.util.List;
import java.util.Optional;

/// All rows.
final class Rows {
  private Rows() {}

  /// All rows, in the order in which they are listed.
  static List<Row> all() {
    String hash = EngineRow.subject(EngineKind.HASH);
    return List.of(
        new DeviceSyncRow(),
        new LogAppendRow(),
        new PutSyncRow(),
        new PutGroupRow(),
        new ReplayRow(),
        new EngineRow(
            "hash",
            EngineKind.HASH,
            1_000_000,
            List.of("HashMap", "ConcurrentHashMap"),
            List.of(
                Target.of(hash, "put", 1e9 / 1.5e6, "at least 1.5 M puts/s"),
                Target.of(hash, "get hit", 1e9 / 3e6, "at least 3 M gets/s"),
                Target.of(hash, "heap above payload", 60, "at most 60 B an entry"))),
        new EngineRow(
            "rbtree",
            EngineKind.RBTREE,
            1_000_000,
            List.of("TreeMap", "ConcurrentSkipListMap"),
            List.of()),
        new EngineRow("array", EngineKind.ARRAY, 100, List.of("HashMap"), List.of()),
        new LsmRow("lsm", true),
        new LsmRow("lsm-plain", false),
        new HashGrowthRow(),
        new TransactionRow(),
        new OpenCloseRow());
  }

  /// The row of this name.
  static Optional<Row> find(String name) {
    return all().stream().filter(row -> row.name().equals(name)).findFirst();
  }
}
