package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.engine.btree.PageCodec.MalformedPage;
import dev.varve.engine.btree.heap.HeapSalvage;
import dev.varve.engine.btree.heap.HeapSalvage.Found;
import dev.varve.engine.btree.heap.HeapSalvage.MapContent;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads what is sound of the heap of a keyspace, and says what is not. Changes nothing.
///
/// Where there is a map, exactly its leaves count. Where there is none, all leaves count that are
/// left in the heap, the newer over the older: what a newer one does not have of the keys from its
/// first to its last was deleted. Memory: the values that are kept apart; without a map all
/// entries.
///
/// @threads one at a time
public final class BtreeSalvage {
  /// Takes entries, each key at most once.
  public interface Sink {
    /// Takes an entry; the arrays are the sink's to keep.
    void put(byte[] key, byte[] value);
  }

  /// What was found.
  ///
  /// @param whole whether the map and all that it names are sound
  /// @param flushedThrough what was found holds every commit up to this number, if it is whole
  public record Result(boolean whole, long flushedThrough) {}

  private final Consumer<String> losses;
  private final Map<Long, byte[]> values = new HashMap<>();
  private boolean whole = true;

  private BtreeSalvage(Consumer<String> losses) {
    this.losses = losses;
  }

  /// Reads the files of a keyspace.
  ///
  /// @param state what the catalog knows of them; null when the catalog is lost
  /// @param losses is told what is lost, one sentence each, without keys and values
  /// @throws IOException when the device refuses
  public static Result run(
      HeapSalvage.Source source, byte @Nullable [] state, Sink sink, Consumer<String> losses)
      throws IOException {
    BtreeSalvage salvage = new BtreeSalvage(losses);
    long through;
    try {
      through = salvage.live(source, state, sink);
    } catch (CorruptionException | FormatException e) {
      losses.accept(e.getMessage() + " So every leaf counts that is left, however old");
      salvage.whole = false;
      salvage.values.clear();
      through = 0;
      salvage.scan(source, sink);
    }
    return new Result(salvage.whole, through);
  }

  private void lost(String what) {
    whole = false;
    losses.accept(what);
  }

  /** Twice over the files: values are needed for the leaves that refer to them. */
  private long live(HeapSalvage.Source source, byte @Nullable [] state, Sink sink)
      throws IOException {
    MapContent _ = HeapSalvage.live(source, state, this::takeValue, this::lost);
    MapContent content =
        HeapSalvage.live(
            source,
            state,
            found -> {
              if (found.kind() == ObjectKind.LEAF) {
                forEach(found, sink);
              }
            },
            // They were told the first time.
            what -> {});
    return content.cut();
  }

  private void takeValue(Found found) {
    if (found.kind() != ObjectKind.VALUE || found.name().length < Long.BYTES) {
      return;
    }
    long number = Bytes.getLongBigEndian(found.name(), 0);
    byte[] known = values.get(number);
    if (known == null) {
      values.put(number, found.payload());
    }
  }

  private void scan(HeapSalvage.Source source, Sink sink) throws IOException {
    List<Found> leaves = new ArrayList<>();
    HeapSalvage.scan(
        source,
        found -> {
          if (found.kind() == ObjectKind.LEAF) {
            leaves.add(found);
          } else {
            takeValue(found);
          }
        },
        losses);
    leaves.sort(Comparator.comparingLong(Found::generation).thenComparingLong(Found::offset));
    NavigableMap<byte[], byte[]> all = new TreeMap<>(Bytes::compare);
    for (Found leaf : leaves) {
      NavigableMap<byte[], byte[]> own = new TreeMap<>(Bytes::compare);
      forEach(leaf, own::put);
      if (!own.isEmpty()) {
        all.subMap(leaf.name(), true, own.lastKey(), true).clear();
        all.putAll(own);
      }
    }
    all.forEach(sink::put);
  }

  private void forEach(Found leaf, Sink sink) {
    LeafEntries entries;
    try {
      entries = PageCodec.decode(leaf.payload(), this::value);
    } catch (MalformedPage e) {
      lost("the leaf at " + leaf.offset() + " of the heap is no page: " + e.getMessage());
      return;
    }
    int missing = 0;
    for (int record : entries.sorted()) {
      byte[] records = entries.records();
      if (LeafRecord.isTombstone(records, record)) {
        continue;
      }
      LargeValue large = entries.largeOf(record);
      byte[] value = large == null ? inline(records, record) : large.bytes();
      if (value == null) {
        missing++;
      } else {
        sink.put(entries.key(record), value);
      }
    }
    if (missing > 0) {
      lost(
          missing
              + " entries of the leaf at "
              + leaf.offset()
              + " of the heap are lost: their values, which are kept apart, cannot be read");
    }
  }

  private static byte[] inline(byte[] records, int record) {
    int at = LeafRecord.value(records, record);
    return java.util.Arrays.copyOfRange(records, at, at + LeafRecord.valueLength(records, record));
  }

  /** A value that is kept apart; one that is lost has no bytes. */
  private LargeValue value(long number, int length) {
    byte[] stored = values.get(number);
    if (stored == null) {
      return LargeValue.lost(number, length);
    }
    try {
      return new LargeValue(number, LargeValueCodec.decode(stored, length));
    } catch (MalformedPage e) {
      return LargeValue.lost(number, length);
    }
  }
}
