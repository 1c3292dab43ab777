package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.LogStats;
import dev.varve.kv.RecoveryReport;
import dev.varve.kv.StoreStats;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Shows figures of the store.
@Command(
    name = "stats",
    header = "Show figures of the store.",
    description =
        "Sequence numbers, sizes, the log, the last recovery, levels and amplifications of LSM"
            + " keyspaces, the options. With --json one line for the store and one for each LSM"
            + " keyspace. What is counted is counted since the store was opened, by this command.")
final class StatsCommand implements Callable<Integer> {
  private final VarveCommand root;

  StatsCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    try (StoreAccess.Lease lease = root.access().existing()) {
      StoreStats stats = lease.store().stats();
      RecoveryReport recovery = lease.store().recovery();
      if (console.isJson()) {
        console.json(json(stats, recovery));
        LsmTables.each(stats, (name, lsm) -> console.json(LsmTables.json(name, lsm)));
        BtreeTables.each(stats, (name, btree) -> console.json(BtreeTables.json(name, btree)));
      } else {
        console.table(table(stats, recovery));
        LsmTables.each(
            stats,
            (name, lsm) -> {
              console.line("");
              console.line("keyspace " + name);
              console.table(LsmTables.levels(lsm));
              console.table(LsmTables.figures(lsm));
            });
        BtreeTables.each(
            stats,
            (name, btree) -> {
              console.line("");
              console.line("keyspace " + name);
              console.table(BtreeTables.figures(btree));
            });
        console.line("");
        console.line("options");
        lease.store().options().toText().lines().forEach(line -> console.line("  " + line));
      }
    }
    return ExitCode.DONE;
  }

  private static Table table(StoreStats stats, RecoveryReport recovery) {
    LogStats log = stats.log();
    return new Table("", "ll")
        .row("visible through", "commit " + Amounts.count(stats.visibleThrough()))
        .row("durable through", "commit " + Amounts.count(stats.durableThrough()))
        .row("flushed through", "commit " + Amounts.count(stats.flushedThrough()))
        .row("entries", Amounts.count(entries(stats)))
        .row("keyspaces", Amounts.count(stats.keyspaces().size()))
        .row(
            "memory",
            Amounts.bytes(stats.memoryBytes())
                + " of at most "
                + Amounts.bytes(stats.memoryBytesMax()))
        .row("on disk", Amounts.bytes(stats.diskBytes()))
        .row(
            "log",
            Amounts.count(log.segments(), "segment") + ", " + Amounts.bytes(log.segmentBytes()))
        .row(
            "log written",
            Amounts.bytes(log.bytes())
                + ", "
                + LsmTables.factor(stats.logAmplification())
                + " of what was committed")
        .row(
            "block cache",
            Amounts.bytes(stats.cache().bytes())
                + ", "
                + LsmTables.percent(stats.cache().hitRate())
                + " hits, "
                + Amounts.count(stats.cache().evictions(), "eviction"))
        .row("recovery", recovery(recovery))
        .row("failed", stats.failed() ? "yes" : "no")
        .row(
            "last flush failure",
            stats.lastFlushFailure() == null ? "none" : stats.lastFlushFailure());
  }

  /// What opening the store found, in one line.
  static String recovery(RecoveryReport report) {
    return (report.clean() ? "closed in order" : "not closed in order")
        + "; "
        + Amounts.count(report.snapshotEntries(), "entry").replace("entrys", "entries")
        + " and "
        + Amounts.count(report.commits(), "commit")
        + " of the log read in "
        + Amounts.time(report.elapsed());
  }

  private static long entries(StoreStats stats) {
    return stats.keyspaces().stream().mapToLong(KeyspaceStats::entries).sum();
  }

  private static JsonLine json(StoreStats stats, RecoveryReport recovery) {
    LogStats log = stats.log();
    return new JsonLine()
        .put("visibleThrough", stats.visibleThrough())
        .put("durableThrough", stats.durableThrough())
        .put("flushedThrough", stats.flushedThrough())
        .put("entries", entries(stats))
        .put("keyspaces", stats.keyspaces().size())
        .put("memoryBytes", stats.memoryBytes())
        .put("memoryBytesMax", stats.memoryBytesMax())
        .put("diskBytes", stats.diskBytes())
        .put("logSegments", log.segments())
        .put("logSegmentBytes", log.segmentBytes())
        .put("logBytes", log.bytes())
        .put("acceptedBytes", stats.acceptedBytes())
        .put("cacheBytes", stats.cache().bytes())
        .put("cacheHits", stats.cache().hits())
        .put("cacheMisses", stats.cache().misses())
        .put("cacheEvictions", stats.cache().evictions())
        .put("failed", stats.failed())
        .put("lastFlushFailure", stats.lastFlushFailure())
        .put("recoveryClean", recovery.clean())
        .put("recoverySnapshotEntries", recovery.snapshotEntries())
        .put("recoveryCommits", recovery.commits())
        .put("recoveryTailBytesDropped", recovery.tailBytesDropped())
        .put("recoveryTailRecordsDropped", recovery.tailRecordsDropped())
        .put("recoveryNanos", recovery.elapsed().toNanos());
  }
}
