package dev.varve.cli;

import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.LsmStats;
import dev.varve.kv.StallStats;
import dev.varve.kv.StoreStats;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.BiConsumer;

/// The figures of LSM keyspaces as tables and as JSON.
final class LsmTables {
  private LsmTables() {}

  /// Calls `action` with the name and the figures of each LSM keyspace.
  static void each(StoreStats stats, BiConsumer<String, LsmStats> action) {
    for (KeyspaceStats keyspace : stats.keyspaces()) {
      LsmStats lsm = keyspace.lsm();
      if (lsm != null) {
        action.accept(ByteText.TEXT.line(keyspace.name().getBytes(StandardCharsets.UTF_8)), lsm);
      }
    }
  }

  static Table levels(LsmStats lsm) {
    Table table = new Table("  ", "rrrr").row("level", "files", "size", "entries");
    for (LsmStats.Level level : lsm.levels()) {
      table.row(
          Integer.toString(level.level()),
          Amounts.count(level.files()),
          Amounts.bytes(level.bytes()),
          Amounts.count(level.entries()));
    }
    return table;
  }

  static Table figures(LsmStats lsm) {
    LsmStats.Memtables memtables = lsm.memtables();
    LsmStats.Reads reads = lsm.reads();
    LsmStats.Compactions compactions = lsm.compactions();
    return new Table("  ", "ll")
        .row(
            "memtables",
            Amounts.bytes(memtables.activeBytes())
                + " of "
                + Amounts.bytes(memtables.bytesMax())
                + ", and "
                + Amounts.count(memtables.sealed())
                + " sealed with "
                + Amounts.bytes(memtables.sealedBytes()))
        .row(
            "read amplification",
            factor(reads.blocksPerGet())
                + " blocks and "
                + factor(reads.filesPerGet())
                + " files of "
                + Amounts.count(reads.gets(), "get"))
        .row(
            "filters",
            Amounts.count(reads.filterUseful())
                + " useful, "
                + Amounts.count(reads.filterFalsePositives())
                + " false positive")
        .row(
            "write amplification",
            factor(lsm.flushAmplification())
                + " flushes, "
                + factor(lsm.compactionAmplification())
                + " compactions, of "
                + Amounts.bytes(lsm.writtenBytes()))
        .row("space amplification", "about " + factor(lsm.spaceAmplification()))
        .row(
            "flushes",
            Amounts.count(lsm.flushes().count())
                + ", "
                + Amounts.bytes(lsm.flushes().bytes())
                + ", "
                + Amounts.count(lsm.flushes().failed())
                + " failed")
        .row("compactions", sum(compactions))
        .row(
            "compaction bytes",
            Amounts.bytes(compactions.bytesRead())
                + " read, "
                + Amounts.bytes(compactions.bytesWritten())
                + " written")
        .row("stalls", stalls(lsm.stalls()))
        .row("last failure", failure(lsm));
  }

  /// Writers that were held up.
  static String stalls(StallStats stalls) {
    return Amounts.count(stalls.slowed())
        + " slowed, "
        + Amounts.count(stalls.stopped())
        + " stopped, "
        + Amounts.nanos(stalls.nanos())
        + " in all, "
        + Amounts.nanos(stalls.nanosMax())
        + " the longest";
  }

  private static String sum(LsmStats.Compactions c) {
    return Amounts.count(c.submitted())
        + " = "
        + Amounts.count(c.succeeded())
        + " succeeded ("
        + Amounts.count(c.moves())
        + " moves) + "
        + Amounts.count(c.failed())
        + " failed + "
        + Amounts.count(c.cancelled())
        + " cancelled + "
        + Amounts.count(c.coalesced())
        + " coalesced + "
        + Amounts.count(c.running())
        + " running";
  }

  private static String failure(LsmStats lsm) {
    String flush = lsm.flushes().lastFailure();
    String compaction = lsm.compactions().lastFailure();
    if (flush != null) {
      return "flush: " + flush;
    }
    return compaction == null ? "none" : "compaction: " + compaction;
  }

  static String factor(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  static JsonLine json(String name, LsmStats lsm) {
    JsonLine line = new JsonLine().put("keyspace", name);
    for (LsmStats.Level level : lsm.levels()) {
      String prefix = "level" + level.level();
      line.put(prefix + "Files", level.files())
          .put(prefix + "Bytes", level.bytes())
          .put(prefix + "Entries", level.entries());
    }
    LsmStats.Compactions compactions = lsm.compactions();
    return line.put("memtableBytes", lsm.memtables().activeBytes())
        .put("memtableBytesMax", lsm.memtables().bytesMax())
        .put("sealedMemtables", lsm.memtables().sealed())
        .put("sealedBytes", lsm.memtables().sealedBytes())
        .put("gets", lsm.reads().gets())
        .put("filesAsked", lsm.reads().files())
        .put("blocksRead", lsm.reads().blocks())
        .put("filterUseful", lsm.reads().filterUseful())
        .put("filterFalsePositives", lsm.reads().filterFalsePositives())
        .put("writtenBytes", lsm.writtenBytes())
        .put("flushes", lsm.flushes().count())
        .put("flushBytes", lsm.flushes().bytes())
        .put("flushNanos", lsm.flushes().nanos())
        .put("flushesFailed", lsm.flushes().failed())
        .put("lastFlushFailure", lsm.flushes().lastFailure())
        .put("compactionsSubmitted", compactions.submitted())
        .put("compactionsSucceeded", compactions.succeeded())
        .put("compactionsFailed", compactions.failed())
        .put("compactionsCancelled", compactions.cancelled())
        .put("compactionsCoalesced", compactions.coalesced())
        .put("compactionsRunning", compactions.running())
        .put("compactionMoves", compactions.moves())
        .put("compactionBytesRead", compactions.bytesRead())
        .put("compactionBytesWritten", compactions.bytesWritten())
        .put("lastCompactionFailure", compactions.lastFailure())
        .put("stallsSlowed", lsm.stalls().slowed())
        .put("stallsStopped", lsm.stalls().stopped())
        .put("stallNanos", lsm.stalls().nanos())
        .put("stallNanosMax", lsm.stalls().nanosMax())
        .put("writesRefused", lsm.stalls().refused())
        .put("liveFileBytes", lsm.liveFileBytes())
        .put("flushAmplification", lsm.flushAmplification())
        .put("compactionAmplification", lsm.compactionAmplification())
        .put("spaceAmplification", lsm.spaceAmplification());
  }
}
