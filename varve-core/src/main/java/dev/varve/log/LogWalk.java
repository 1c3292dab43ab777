package dev.varve.log;

import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads segments of a log that is in use: what was appended is there to be read at once.
///
/// @threads one at a time; the segments must not be given back meanwhile
public final class LogWalk {
  private LogWalk() {}

  /// Reads every record of a segment of a log that was never truncated, checks it and tells what is
  /// wrong. Answers how many bytes were read.
  ///
  /// @throws IOException when the device refuses
  public static long verify(LogEnvironment env, SegmentRange range, Consumer<String> problems)
      throws IOException {
    try (Lane lane = new Lane(env, List.of(range))) {
      lane.requireWhole();
      while (lane.advance(0)) {
        // Looking is all.
      }
    } catch (CorruptionException e) {
      problems.accept(String.valueOf(e.getMessage()));
    }
    return range.end();
  }

  /// Shows the records with numbers past `after` and up to `through` to `visitor`, in order.
  ///
  /// @throws CorruptionException when one is damaged or missing
  /// @throws IOException when the device refuses
  public static void walk(
      LogEnvironment env,
      List<SegmentRange> ranges,
      long after,
      long through,
      RecordVisitor visitor)
      throws IOException {
    List<Lane> lanes = new ArrayList<>();
    try {
      int count = 1 + ranges.stream().mapToInt(SegmentRange::lane).max().orElse(-1);
      for (int number = 0; number < count; number++) {
        int wanted = number;
        Lane lane = new Lane(env, ranges.stream().filter(range -> range.lane() == wanted).toList());
        lanes.add(lane);
        lane.more = lane.advance(after);
      }
      for (long next = after + 1; next <= through; next++) {
        Lane lane = holding(lanes, next, env);
        SegmentScanner record = lane.record();
        visitor.visit(
            record.kind(), next, record.array(), record.payloadOffset(), record.payloadLength());
        lane.more = lane.advance(after);
      }
    } finally {
      for (Lane lane : lanes) {
        lane.close();
      }
    }
  }

  private static Lane holding(List<Lane> lanes, long sequence, LogEnvironment env) {
    for (Lane lane : lanes) {
      if (lane.more && lane.record().sequence() == sequence) {
        return lane;
      }
    }
    throw new CorruptionException(
        env.directory(), 0, "commit " + sequence + " in the log", "none in any lane");
  }

  /** The records of one lane. */
  private static final class Lane implements AutoCloseable {
    private final LogEnvironment env;
    private final List<SegmentRange> ranges;
    private int index = -1;
    private long position;
    private @Nullable SegmentScanner scanner;
    private boolean more;

    Lane(LogEnvironment env, List<SegmentRange> ranges) {
      this.env = env;
      this.ranges = ranges;
    }

    SegmentScanner record() {
      if (scanner == null) {
        throw new IllegalStateException("the lane is at its end");
      }
      return scanner;
    }

    /** Moves to the next record with a number of its own past `after`. */
    boolean advance(long after) throws IOException {
      while (true) {
        if (scanner == null || position >= ranges.get(index).end()) {
          close();
          if (index + 1 >= ranges.size()) {
            return false;
          }
          index++;
          SegmentHeader _ = open(ranges.get(index));
        }
        SegmentScanner current = record();
        if (!current.readAt(position, ranges.get(index).end())) {
          throw new CorruptionException(current.path(), position, "a sound record", "none");
        }
        position = current.end();
        if (current.kind().isNumbered() && current.sequence() > after) {
          return true;
        }
      }
    }

    /** A segment is shorter than it was made only if its store was closed, behind its seal. */
    void requireWhole() throws IOException {
      SegmentRange range = ranges.getFirst();
      SegmentHeader header = open(range);
      long size = record().fileSize();
      if (size < header.size() && range.end() != size) {
        throw new CorruptionException(
            record().path(),
            range.end(),
            "sound records up to the end at "
                + size
                + ", where the file was cut when it was closed",
            "none");
      }
      close();
    }

    private SegmentHeader open(SegmentRange range) throws IOException {
      Path path = env.path(range.place());
      try {
        scanner = new SegmentScanner(env.fileSystem(), path, range.place(), env.store().salt());
      } catch (NoSuchFileException missing) {
        throw new CorruptionException(path, 0, "a segment that is needed", "no file", missing);
      }
      byte[] bytes = record().headerBytes();
      Envelope envelope = Envelope.read(path, bytes);
      position = SegmentHeader.SIZE;
      return SegmentHeader.decode(
          path,
          bytes,
          envelope.require(path, FileKind.LOG_SEGMENT, env.store(), range.lane(), range.number()));
    }

    @Override
    public void close() throws IOException {
      if (scanner != null) {
        scanner.close();
        scanner = null;
      }
    }
  }
}
