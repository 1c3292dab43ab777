package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.Visibility;
import dev.varve.engine.lsm.blob.BlobOutputs;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.memtable.MemtableCursor;
import dev.varve.engine.lsm.memtable.RangeTombstones;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Writes a sealed memtable to an sstable, without the revisions that nobody will read.
///
/// @threads one at a time
final class FlushWriter {
  /* A revision goes when one of the same key came behind it that every reader sees: one that was
   * visible when the flush began, with no pinned moment between the two. Pins that are taken
   * meanwhile are at or past what was visible, so they see the later one. */

  private static final int LOOK_ENTRIES = 4096;
  private static final byte[] LEAST_KEY = {0};

  private final EngineContext context;
  private final int blobThreshold;
  private final BooleanSupplier stopped;
  private final ProgressListener listener;
  private final long begun;
  private final long visible;
  private final long oldestPinned;
  private final long newestPinned;

  /// @param blobThreshold from how many bytes on a value goes to a blob file
  /// @param stopped whether the work is of no use any more
  FlushWriter(
      EngineContext context,
      int blobThreshold,
      BooleanSupplier stopped,
      ProgressListener listener) {
    this.context = context;
    this.blobThreshold = blobThreshold;
    this.stopped = stopped;
    this.listener = listener;
    this.begun = context.clock().nanos();
    // In this order, as Visibility says.
    Visibility visibility = context.visibility();
    this.visible = visibility.visibleThrough();
    java.lang.invoke.VarHandle.fullFence();
    this.oldestPinned = visibility.oldestPinned();
    this.newestPinned = visibility.newestPinned();
  }

  private boolean isNeeded(long sequence, long next) {
    return next > visible || (oldestPinned < next && newestPinned >= sequence);
  }

  /// Writes what is needed of `memtable`: entries to `writer`, large values to `blobs`.
  ///
  /// @throws CancellationException when the listener, or the engine's end, stopped it
  /// @throws IOException when the device refuses
  void write(Memtable memtable, SstableWriter writer, BlobOutputs blobs) throws IOException {
    MemtableCursor cursor = memtable.cursor(Stamp.SEQUENCE_MAX, false);
    byte @Nullable [] key = null;
    int keyOffset = 0;
    int keyLength = 0;
    long newer = 0;
    long done = 0;
    for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
      long sequence = cursor.sequence();
      boolean same =
          key != null
              && Arrays.equals(
                  key,
                  keyOffset,
                  keyOffset + keyLength,
                  cursor.array(),
                  cursor.keyOffset(),
                  cursor.keyOffset() + cursor.keyLength());
      if (!same || isNeeded(sequence, newer)) {
        add(cursor, writer, blobs);
      }
      key = cursor.array();
      keyOffset = cursor.keyOffset();
      keyLength = cursor.keyLength();
      newer = sequence;
      if (++done % LOOK_ENTRIES == 0) {
        look(done, memtable.stats().entries());
      }
    }
    addRanges(memtable.rangeTombstones(), writer);
    look(done, done);
  }

  private void add(MemtableCursor cursor, SstableWriter writer, BlobOutputs blobs)
      throws IOException {
    boolean tombstone = cursor.isTombstone();
    if (!tombstone && cursor.valueLength() >= blobThreshold) {
      addLarge(cursor, writer, blobs);
      return;
    }
    writer.add(
        cursor.array(),
        cursor.keyOffset(),
        cursor.keyLength(),
        Stamp.of(cursor.sequence(), tombstone ? Stamp.TOMBSTONE : Stamp.VALUE),
        cursor.array(),
        tombstone ? 0 : cursor.valueOffset(),
        tombstone ? 0 : cursor.valueLength());
  }

  private static void addLarge(MemtableCursor cursor, SstableWriter writer, BlobOutputs blobs)
      throws IOException {
    byte[] array = cursor.array();
    byte[] reference =
        blobs
            .add(
                array,
                cursor.keyOffset(),
                cursor.keyLength(),
                cursor.sequence(),
                array,
                cursor.valueOffset(),
                cursor.valueLength())
            .encode();
    writer.add(
        array,
        cursor.keyOffset(),
        cursor.keyLength(),
        Stamp.of(cursor.sequence(), Stamp.BLOB),
        reference,
        0,
        reference.length);
  }

  private static void addRanges(RangeTombstones ranges, SstableWriter writer) {
    for (int i = 0; i < ranges.fragmentCount(); i++) {
      // The least key that there can be stands for a range without a beginning.
      byte[] from = ranges.from(i).length == 0 ? LEAST_KEY : ranges.from(i);
      byte @Nullable [] to = ranges.to(i);
      if (to != null && dev.varve.base.Bytes.compare(from, to) >= 0) {
        continue;
      }
      for (int j = 0; j < ranges.sequenceCount(i); j++) {
        writer.addRangeTombstone(new RangeTombstone(from, to, ranges.sequence(i, j)));
      }
    }
  }

  private void look(long done, long total) {
    String task = "flush " + context.name();
    Duration elapsed = Duration.ofNanos(context.clock().nanos() - begun);
    if (stopped.getAsBoolean()
        || !listener.onProgress(new Progress(task, "entries", done, total, elapsed))) {
      throw new CancellationException("stopped: " + task);
    }
  }
}
