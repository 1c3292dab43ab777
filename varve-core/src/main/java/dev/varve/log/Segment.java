package dev.varve.log;

import dev.varve.fs.MappedRegion;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/// A segment that is written: a file, mapped whole, that is filled from its begin.
///
/// @threads appends under its lane's lock; [#force] under the log's sync lock; [#end] any
/// @lifetime until [#close]
final class Segment {
  private final SegmentPlace place;
  private final StoreFile file;
  private final MappedRegion region;
  private final MemorySegment memory;
  private final long size;

  /** Behind the last record. Written under the lane's lock, read by whoever syncs. */
  private final AtomicLong end = new AtomicLong(SegmentHeader.SIZE);

  /** Up to where the device has it. Guarded by the sync lock. */
  private long forced = SegmentHeader.SIZE;

  private long lastSequence;

  Segment(SegmentPlace place, StoreFile file, MappedRegion region) {
    this.place = place;
    this.file = file;
    this.region = region;
    this.memory = region.segment();
    this.size = memory.byteSize();
  }

  SegmentPlace place() {
    return place;
  }

  long size() {
    return size;
  }

  long end() {
    return end.get();
  }

  /// How many bytes are left before the record that says that the lane goes on elsewhere; for the
  /// lane's writer.
  long remaining() {
    return size - end.getPlain() - RecordHeader.SIZE;
  }

  /// No record in it has a greater number.
  long lastSequence() {
    return lastSequence;
  }

  /// Puts the first `length` bytes of `array` behind the last record.
  ///
  /// @param through whether to go through the operating system rather than through memory: cheaper
  ///   for what is forced next
  /// @throws IOException when the device refuses
  void append(byte[] array, int length, long sequence, boolean through) throws IOException {
    long at = end.getPlain();
    if (through) {
      file.write(at, MemorySegment.ofArray(array).asSlice(0, length));
    } else {
      MemorySegment.copy(array, 0, memory, ValueLayout.JAVA_BYTE, at, length);
    }
    lastSequence = sequence;
    end.setRelease(at + length);
  }

  /// Touches every page for writing, so that appends do not take the faults.
  void touch() {
    for (long at = 0; at < size; at += 4096) {
      memory.set(ValueLayout.JAVA_BYTE, at, memory.get(ValueLayout.JAVA_BYTE, at));
    }
  }

  /// Makes everything up to `to` durable. Answers how many bytes that were new.
  ///
  /// @throws IOException when that failed
  long force(long to) throws IOException {
    long count = to - forced;
    if (count > 0) {
      region.force(forced, to);
      forced = to;
    }
    return count;
  }

  /// How many bytes no force has covered.
  long unforced() {
    return end.get() - forced;
  }

  /// Ends the mapping and closes the file.
  ///
  /// @throws IOException when that failed
  void close() throws IOException {
    try {
      region.close();
    } finally {
      file.close();
    }
  }

  /// Ends the mapping, cuts the file to its last record, durably, and closes it.
  ///
  /// @throws IOException when that failed
  void closeAndCut() throws IOException {
    try {
      region.close();
      file.truncate(end.get());
      file.sync(SyncMode.FULL);
    } finally {
      file.close();
    }
  }
}
