package dev.varve.log;

import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The segments of a lane that recovery found, until they are known to be durable.
///
/// @threads guarded by the log's sync lock
final class FoundSegments {
  private static final int REWRITE_BYTES = 256 << 10;

  private final LogEnvironment env;
  private final int lane;
  private final List<ClosedSegment> found;

  FoundSegments(LogEnvironment env, int lane, List<ClosedSegment> found) {
    this.env = env;
    this.lane = lane;
    this.found = new ArrayList<>(found);
  }

  /// Makes them durable, as far as they are not known to be. They are written again rather than
  /// only synced: after a sync that failed, cached pages may count as clean although the device
  /// never got them. Records that share the number of the last durable commit, a checkpoint or a
  /// seal behind it, may be in the cache alone, and the next begin counts on them.
  ///
  /// @throws IOException when the device refuses
  void harden(long knownDurable) throws IOException {
    for (ClosedSegment one : found) {
      if (one.lastSequence() < knownDurable) {
        continue;
      }
      SegmentPlace place = new SegmentPlace(lane, one.number());
      long from = SegmentHeader.SIZE;
      try (SegmentScanner scanner =
          new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt())) {
        while (from < one.end()
            && scanner.readAt(from, one.end())
            && scanner.sequence() < knownDurable) {
          from = scanner.end();
        }
      }
      rewrite(env.path(place), from, one.end());
    }
    found.clear();
  }

  private void rewrite(Path path, long from, long to) throws IOException {
    try (StoreFile file = env.fileSystem().open(path, OpenMode.READ_WRITE)) {
      byte[] buffer = new byte[(int) Math.min(REWRITE_BYTES, Math.max(0, to - from))];
      for (long at = from; at < to; at += buffer.length) {
        MemorySegment piece =
            MemorySegment.ofArray(buffer).asSlice(0, Math.min(buffer.length, to - at));
        file.readFully(at, piece);
        file.write(at, piece);
      }
      file.sync(SyncMode.FULL);
    }
  }
}
