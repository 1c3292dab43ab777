package dev.varve.bench;

import dev.varve.kv.EngineKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// All rows.
final class Rows {
  private static final List<String> TREES = List.of("LMDB", "MVStore", "MapDB", "Xodus");

  private Rows() {}

  /// Which subjects the rows are to have.
  ///
  /// @param engines the engines of Varve's in comparisons; none for those that each row has usually
  /// @param entries how many entries, or 0 for each row's usual number
  record Selection(List<EngineKind> engines, long entries) {
    /// Each row's usual ones.
    static final Selection USUAL = new Selection(List.of(), 0);
  }

  /// All rows with their usual subjects, in the order in which they are listed.
  static List<Row> all() {
    return all(Selection.USUAL);
  }

  /// All rows, in the order in which they are listed.
  static List<Row> all(Selection selection) {
    List<Row> rows = new ArrayList<>(withoutPeers());
    rows.add(peers(selection));
    rows.add(btree(selection));
    return rows;
  }

  private static ComparisonRow peers(Selection selection) {
    List<Product> products = new ArrayList<>(engines(selection.engines, _ -> true));
    products.addAll(Peer.all());
    products.addAll(MapProduct.all());
    return ComparisonRow.of(
        "peers", "engines, other products and maps", products, selection.entries, List.of());
  }

  private static List<VarveProduct> engines(
      List<EngineKind> chosen, Predicate<EngineKind> otherwise) {
    return Arrays.stream(EngineKind.values())
        .filter(chosen.isEmpty() ? otherwise : chosen::contains)
        .map(VarveProduct::new)
        .toList();
  }

  /// The B+Tree beside the products that are trees too; the aims are the B+Tree's.
  private static ComparisonRow btree(Selection selection) {
    List<VarveProduct> own = engines(selection.engines, kind -> kind == EngineKind.BTREE);
    List<Product> products = new ArrayList<>(own);
    List<Peer> peers =
        Peer.all().stream()
            .filter(peer -> TREES.stream().anyMatch(tree -> peer.name().startsWith(tree)))
            .toList();
    products.addAll(peers);
    return ComparisonRow.of(
        "btree",
        "the B+Tree beside other trees",
        products,
        selection.entries,
        own.stream().flatMap(e -> treeTargets(e.name(), peers).stream()).toList());
  }

  private static List<Target> treeTargets(String engine, List<Peer> peers) {
    List<String> all = peers.stream().map(Peer::name).toList();
    List<String> lmdb = all.stream().filter(name -> name.startsWith("LMDB")).toList();
    List<String> mvstore = all.stream().filter(name -> name.startsWith("MVStore")).toList();
    List<Target> targets =
        new ArrayList<>(
            List.of(
                Target.of(engine, "disk, everything, an entry", 125, "at most 125 B"),
                Target.of(engine, "disk during overwrite, an entry", 187.5, "at most 1.5 × 125 B"),
                Target.of(engine, "open in a new JVM", 30_000, "at most 30 ms")));
    if (!peers.isEmpty()) {
      targets.add(Target.faster(engine, "random fill", lmdb, 3));
      targets.add(Target.faster(engine, "overwrite", lmdb, 3));
      targets.add(Target.faster(engine, "get hit", lmdb, 2.5));
      targets.add(Target.faster(engine, "get hit, 2 threads", lmdb, 2.5));
      targets.add(Target.faster(engine, "scan forward", mvstore, 1));
      targets.add(Target.faster(engine, "scan backward", mvstore, 1));
      targets.add(Target.faster(engine, "seek and 10 next", all, 2));
      targets.add(Target.faster(engine, "half and half, 2 threads", all, 3));
    }
    return targets;
  }

  private static List<Row> withoutPeers() {
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
        new CounterRow(),
        new HashGrowthRow(),
        new TransactionRow(),
        new OpenCloseRow());
  }

  /// The row of this name.
  static Optional<Row> find(String name, Selection selection) {
    return all(selection).stream().filter(row -> row.name().equals(name)).findFirst();
  }
}
