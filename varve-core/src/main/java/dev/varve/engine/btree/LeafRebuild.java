package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import org.jspecify.annotations.Nullable;

/// Entries of one leaf, or of two neighbours, written anew without what nobody needs any more: as
/// one leaf or as two.
///
/// @threads one at a time
final class LeafRebuild {
  private static final long[] NO_COVERS = {};
  private static final int SLOTS_MIN = 16;
  private static final int RECORD_BYTES_MIN = 256;

  private final Retention retention;
  private LeafEntries[] sources = new LeafEntries[2];
  private int[] newest = new int[64];
  private byte[] sourceOf = new byte[64];
  private int[] bytes = new int[64];

  /** How many records each key has. */
  private int[] records = new int[64];

  private long[][] covers = {NO_COVERS, NO_COVERS};
  private int sourceCount;
  private int keys;
  private long bytesTotal;

  LeafRebuild(Retention retention) {
    this.retention = retention;
  }

  /// Entries of one leaf written anew with the same prefix; null where it takes a closer look to
  /// know how much room they need.
  ///
  /// @param room for so many bytes of records more, at least
  static @Nullable LeafEntries quickly(LeafEntries from, Retention retention, int order, int room) {
    int keys = from.count();
    int capacity = Math.min(order, Math.max(SLOTS_MIN, keys + keys / 2 + 1));
    long bytes = from.liveRecordBytes();
    long size = bytes + Math.max(room, Math.max(RECORD_BYTES_MIN, bytes / 2));
    if (size > Integer.MAX_VALUE - 64 || keys > capacity) {
      return null;
    }
    LeafEntries made = new LeafEntries(from.prefix(), capacity, (int) size);
    byte[] records = from.records();
    Revisions revisions = new Revisions(from, NO_COVERS, retention, Long.MAX_VALUE);
    for (int rank = 0; rank < keys; rank++) {
      int slot = from.slotAt(rank);
      int record = from.newestAt(slot);
      boolean added = true;
      if (LeafRecord.older(records, record) == 0
          || retention.needsNoneBefore(LeafRecord.sequence(records, record))) {
        added = made.addNewest(from, slot);
      } else {
        int count = revisions.of(record);
        if (count > 0) {
          added = count == 1 && made.addAlone(from, slot, revisions.record(0));
        }
      }
      if (!added) {
        return null;
      }
    }
    return made.hasRoom(room) ? made : null;
  }

  /// Adds the entries of a leaf, which come behind those added before.
  ///
  /// @param coversOf the numbers of the commits that deleted the whole leaf, ascending
  LeafRebuild add(LeafEntries entries, long[] coversOf) {
    int source = sourceCount++;
    sources[source] = entries;
    covers[source] = coversOf;
    Revisions revisions = new Revisions(entries, coversOf, retention, Long.MAX_VALUE);
    int prefixLength = entries.prefix().length;
    for (int record : entries.sorted()) {
      if (revisions.of(record) > 0) {
        add(source, record, LeafBuilder.bytes(revisions, prefixLength), revisions.count());
      }
    }
    return this;
  }

  private void add(int source, int record, int recordBytes, int recordCount) {
    if (keys == newest.length) {
      newest = java.util.Arrays.copyOf(newest, 2 * keys);
      sourceOf = java.util.Arrays.copyOf(sourceOf, 2 * keys);
      bytes = java.util.Arrays.copyOf(bytes, 2 * keys);
      records = java.util.Arrays.copyOf(records, 2 * keys);
    }
    newest[keys] = record;
    records[keys] = recordCount;
    sourceOf[keys] = (byte) source;
    bytes[keys++] = recordBytes;
    bytesTotal += recordBytes;
  }

  /// How many keys there are.
  int keys() {
    return keys;
  }

  /// How many bytes their records take, about.
  long bytes() {
    return bytesTotal;
  }

  /// The key at a rank.
  byte[] key(int rank) {
    return sources[sourceOf[rank]].key(newest[rank]);
  }

  /// Where to divide the keys so that both parts take as much as each other, about; at least one is
  /// in each.
  int middle() {
    long half = bytesTotal / 2;
    long sum = 0;
    int at = 0;
    while (at < keys - 1 && sum + bytes[at] / 2 < half) {
      sum += bytes[at++];
    }
    return Math.clamp(at, 1, keys - 1);
  }

  /// The keys from rank `from` to before `to` as entries with room for more.
  ///
  /// @param coming a key that is to be inserted next, or null
  /// @param room for so many bytes of records more, at least
  LeafEntries build(int from, int to, byte @Nullable [] coming, int order, int room) {
    byte[] prefix = prefix(from, to, coming);
    int capacity = Math.min(order, Math.max(SLOTS_MIN, (to - from) + (to - from) / 2 + 1));
    long size = 0;
    long recordCount = 0;
    for (int i = from; i < to; i++) {
      // Each record has what the prefix has no more, and its length may take some bytes more.
      int longer = Math.max(0, sources[sourceOf[i]].prefix().length - prefix.length);
      size += bytes[i] + records[i] * (longer + 4L);
      recordCount += records[i];
    }
    long slack = Math.max(room, Math.max(RECORD_BYTES_MIN, size / 2));
    long all = LeafEntries.roomFor(size + slack, recordCount + 1);
    LeafBuilder builder =
        new LeafBuilder(prefix, Math.max(capacity, to - from), Math.toIntExact(all));
    Revisions first = revisions(0);
    Revisions second = sourceCount > 1 ? revisions(1) : first;
    for (int i = from; i < to; i++) {
      Revisions revisions = sourceOf[i] == 0 ? first : second;
      int _ = revisions.of(newest[i]);
      builder.add(revisions);
    }
    return builder.build();
  }

  private Revisions revisions(int source) {
    return new Revisions(sources[source], covers[source], retention, Long.MAX_VALUE);
  }

  private byte[] prefix(int from, int to, byte @Nullable [] coming) {
    if (from == to) {
      return coming == null ? new byte[0] : LeafBuilder.prefix(coming, coming);
    }
    byte[] first = key(from);
    byte[] last = key(to - 1);
    if (coming != null) {
      first = Bytes.compare(coming, first) < 0 ? coming : first;
      last = Bytes.compare(coming, last) > 0 ? coming : last;
    }
    return LeafBuilder.prefix(first, last);
  }
}
