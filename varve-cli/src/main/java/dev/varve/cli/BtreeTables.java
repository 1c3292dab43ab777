package dev.varve.cli;

import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.StoreStats;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/// The figures of BTREE keyspaces as a table and as JSON.
final class BtreeTables {
  private BtreeTables() {}

  /// Calls `action` with the name and the figures of each BTREE keyspace.
  static void each(StoreStats stats, BiConsumer<String, BtreeStats> action) {
    for (KeyspaceStats keyspace : stats.keyspaces()) {
      BtreeStats btree = keyspace.btree();
      if (btree != null) {
        action.accept(ByteText.TEXT.line(keyspace.name().getBytes(StandardCharsets.UTF_8)), btree);
      }
    }
  }

  static Table figures(BtreeStats btree) {
    BtreeStats.Tree tree = btree.tree();
    BtreeStats.Cache cache = btree.cache();
    BtreeStats.Reads reads = btree.reads();
    BtreeStats.Heap heap = btree.heap();
    return new Table("  ", "ll")
        .row(
            "tree",
            leaves(tree.leaves())
                + ", "
                + tree.height()
                + " levels, order "
                + tree.order()
                + ", "
                + Amounts.count(tree.splits())
                + " splits, "
                + Amounts.count(tree.merges())
                + " merges")
        .row(
            "leaves in memory",
            Amounts.count(cache.leaves())
                + " with "
                + Amounts.bytes(cache.bytes())
                + ", "
                + Amounts.bytes(cache.dirtyBytes())
                + " not written yet")
        .row(
            "hits",
            LsmTables.percent(cache.hitRate())
                + ", "
                + Amounts.count(cache.evictions())
                + " evictions")
        .row(
            "reads",
            Amounts.count(reads.count())
                + ", "
                + Amounts.bytes(reads.bytes())
                + ", the longest "
                + Amounts.nanos(reads.nanosMax()))
        .row("flushes", flushes(btree.flushes()))
        .row(
            "write amplification",
            LsmTables.factor(btree.writeAmplification())
                + " of "
                + Amounts.bytes(btree.writtenBytes()))
        .row(
            "heap",
            Amounts.bytes(heap.fileBytes())
                + ", "
                + LsmTables.percent(heap.fill())
                + " full, a map of "
                + Amounts.bytes(heap.mapBytes()))
        .row(
            "moved",
            Amounts.count(heap.objectsMoved(), "object")
                + " of "
                + Amounts.bytes(heap.bytesMoved()))
        .row("last failure", failure(btree));
  }

  private static String leaves(long count) {
    return Amounts.count(count) + (count == 1 ? " leaf" : " leaves");
  }

  private static String flushes(BtreeStats.Flushes flushes) {
    return Amounts.count(flushes.count())
        + " of "
        + leaves(flushes.leaves())
        + ", the longest "
        + Amounts.nanos(flushes.nanosMax())
        + ", "
        + Amounts.count(flushes.failed())
        + " failed";
  }

  private static String failure(BtreeStats btree) {
    String flush = btree.flushes().lastFailure();
    String unreadable = btree.heap().unreadableMessage();
    if (flush != null) {
      return "flush: " + flush;
    }
    return unreadable == null ? "none" : unreadable;
  }

  static JsonLine json(String name, BtreeStats btree) {
    BtreeStats.Tree tree = btree.tree();
    BtreeStats.Cache cache = btree.cache();
    BtreeStats.Reads reads = btree.reads();
    BtreeStats.Flushes flushes = btree.flushes();
    BtreeStats.Heap heap = btree.heap();
    return new JsonLine()
        .put("keyspace", name)
        .put("height", tree.height())
        .put("leaves", tree.leaves())
        .put("order", tree.order())
        .put("innerBytes", tree.innerBytes())
        .put("splits", tree.splits())
        .put("merges", tree.merges())
        .put("hits", cache.hits())
        .put("misses", cache.misses())
        .put("evictions", cache.evictions())
        .put("leavesInMemory", cache.leaves())
        .put("leafBytes", cache.bytes())
        .put("dirtyBytes", cache.dirtyBytes())
        .put("reads", reads.count())
        .put("readBytes", reads.bytes())
        .put("readNanos", reads.nanos())
        .put("readNanosMax", reads.nanosMax())
        .put("decodeNanos", reads.decodeNanos())
        .put("decodeNanosMax", reads.decodeNanosMax())
        .put("flushes", flushes.count())
        .put("flushedLeaves", flushes.leaves())
        .put("flushNanos", flushes.nanos())
        .put("flushNanosMax", flushes.nanosMax())
        .put("serializeNanos", flushes.serialize().nanos())
        .put("defragmentNanos", flushes.defragment().nanos())
        .put("commitNanos", flushes.commit().nanos())
        .put("publishNanos", flushes.publish().nanos())
        .put("flushesFailed", flushes.failed())
        .put("lastFlushFailure", flushes.lastFailure())
        .put("heapBytes", heap.fileBytes())
        .put("mapBytes", heap.mapBytes())
        .put("liveBytes", heap.liveBytes())
        .put("fill", heap.fill())
        .put("objects", heap.objects())
        .put("values", heap.values())
        .put("heapBytesWritten", heap.bytesWritten())
        .put("mapBytesWritten", heap.mapBytesWritten())
        .put("mapsReplaced", heap.mapsReplaced())
        .put("objectsMoved", heap.objectsMoved())
        .put("bytesMoved", heap.bytesMoved())
        .put("unreadable", heap.unreadable())
        .put("writtenBytes", btree.writtenBytes())
        .put("writeAmplification", btree.writeAmplification());
  }
}
