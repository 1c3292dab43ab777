package dev.varve.log;

import dev.varve.format.StoreFileName;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// Reads a log from its files and tells a torn tail from damage, as `docs/format/log.md` says.
/// Writes nothing.
///
/// @threads one at a time
public final class LogRecovery {
  private static final int PROGRESS_BYTES = 4 << 20;

  private final LogEnvironment env;
  private final ReplayFrom from;
  private final RecordVisitor visitor;
  private final ProgressListener listener;
  private final long begun;

  private long records;
  private long bytesTotal;
  private long nextReport = PROGRESS_BYTES;

  /// What is known of the log from elsewhere.
  ///
  /// @param flushedThrough commits up to this number need no replay and may be missing
  /// @param durableThrough commits up to this number must be there
  /// @param firstNeeded for each lane the lowest segment that is needed; later lanes need all
  /// @param incarnation every lane has begun at least so often
  public record ReplayFrom(
      long flushedThrough, long durableThrough, List<Long> firstNeeded, int incarnation) {
    /// Nothing is known: the whole log counts.
    public static final ReplayFrom BEGIN = new ReplayFrom(0, 0, List.of());

    /// It is not known how often the log has begun.
    public ReplayFrom(long flushedThrough, long durableThrough, List<Long> firstNeeded) {
      this(flushedThrough, durableThrough, firstNeeded, 0);
    }
  }

  private LogRecovery(
      LogEnvironment env, ReplayFrom from, RecordVisitor visitor, ProgressListener listener) {
    this.env = env;
    this.from = from;
    this.visitor = visitor;
    this.listener = listener;
    this.begun = env.clock().nanos();
  }

  /// Reads the log and shows each record past `flushedThrough` to `visitor`.
  ///
  /// @throws CorruptionException when the log is damaged
  /// @throws CancellationException when the listener stopped it
  /// @throws IOException when the device refuses
  public static RecoveredLog recover(
      LogEnvironment env, ReplayFrom from, RecordVisitor visitor, ProgressListener listener)
      throws IOException {
    return new LogRecovery(env, from, visitor, listener).run();
  }

  private RecoveredLog run() throws IOException {
    List<LaneReader> lanes = new ArrayList<>();
    try {
      for (LaneChain chain : chains()) {
        lanes.add(new LaneReader(env, chain));
        chain.links().forEach(link -> bytesTotal += link.fileBytes());
      }
      requireAllLanes(lanes);
      long last = replay(lanes);
      return finish(lanes, last);
    } finally {
      for (LaneReader lane : lanes) {
        lane.close();
      }
    }
  }

  private List<LaneChain> chains() throws IOException {
    List<List<Long>> numbers = new ArrayList<>();
    for (String name : env.fileSystem().list(env.directory())) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Segment(int lane, long number)) {
        while (numbers.size() <= lane) {
          numbers.add(new ArrayList<>());
        }
        numbers.get(lane).add(number);
      }
    }
    List<LaneChain> chains = new ArrayList<>();
    for (int lane = 0; lane < numbers.size(); lane++) {
      long firstNeeded = lane < from.firstNeeded.size() ? from.firstNeeded.get(lane) : 1;
      chains.add(LaneChain.read(env, lane, numbers.get(lane), firstNeeded));
    }
    return chains;
  }

  /**
   * Once a lane has a commit of an incarnation, or the catalog knows of it, every lane of it has
   * its begin.
   */
  private void requireAllLanes(List<LaneReader> lanes) {
    int newest = 0;
    for (LaneReader lane : lanes) {
      newest = Math.max(newest, lane.chain().incarnation());
    }
    if (newest < from.incarnation) {
      throw new CorruptionException(
          env.path(new SegmentPlace(0, highest(lanes, 0))),
          0,
          "the begin of incarnation " + from.incarnation + ", or a later one",
          newest == 0 ? "none" : "incarnation " + newest);
    }
    int wanted = 0;
    for (LaneReader lane : lanes) {
      for (LaneChain.Link link : lane.chain().links()) {
        if (link.header().incarnation() == newest
            && (link.hasRecords() || newest == from.incarnation)) {
          wanted = link.header().lanes();
        }
      }
    }
    for (int lane = 0; lane < wanted; lane++) {
      LaneChain.@Nullable Link first = null;
      if (lane < lanes.size()) {
        for (LaneChain.Link link : lanes.get(lane).chain().links()) {
          if (link.header().incarnation() == newest && first == null) {
            first = link;
          }
        }
      }
      if (first == null || first.begin() == null) {
        throw new CorruptionException(
            first == null
                ? env.path(new SegmentPlace(lane, highest(lanes, lane)))
                : env.path(first.header().place()),
            SegmentHeader.SIZE,
            "the begin of lane " + lane + " in incarnation " + newest,
            "none");
      }
    }
  }

  private static long highest(List<LaneReader> lanes, int lane) {
    return lane < lanes.size() ? Math.max(1, lanes.get(lane).chain().highestNumber()) : 1;
  }

  /** Shows the records to the visitor, in order, up to the first gap; answers the last number. */
  private long replay(List<LaneReader> lanes) throws IOException {
    List<LaneReader> open = new ArrayList<>();
    for (LaneReader lane : lanes) {
      if (lane.advance()) {
        open.add(lane);
      }
    }
    long last = from.flushedThrough;
    while (!open.isEmpty()) {
      LaneReader next = open.getFirst();
      for (LaneReader lane : open) {
        if (lane.sequence() < next.sequence()) {
          next = lane;
        }
      }
      long sequence = next.sequence();
      if (sequence > last + 1) {
        break;
      }
      SegmentScanner record = next.record();
      if (sequence == last + 1) {
        visitor.visit(
            record.kind(),
            sequence,
            record.array(),
            record.payloadOffset(),
            record.payloadLength());
        last = sequence;
        records++;
      } else if (sequence > from.flushedThrough) {
        throw new CorruptionException(
            next.path(),
            record.position(),
            "commit " + (last + 1) + " or a later one",
            "commit " + sequence + " a second time");
      }
      next.consume();
      report(lanes);
      if (!next.advance()) {
        open.remove(next);
      }
    }
    return last;
  }

  private void report(List<LaneReader> lanes) {
    long done = 0;
    for (LaneReader lane : lanes) {
      done += lane.bytes();
    }
    if (done >= nextReport) {
      nextReport = done + PROGRESS_BYTES;
      Duration elapsed = Duration.ofNanos(env.clock().nanos() - begun);
      if (!listener.onProgress(new Progress("replay log", "bytes", done, bytesTotal, elapsed))) {
        throw new CancellationException("the recovery of " + env.directory() + " was stopped");
      }
    }
  }

  private RecoveredLog finish(List<LaneReader> lanes, long last) throws IOException {
    boolean clean = true;
    long durable = from.durableThrough;
    for (LaneReader lane : lanes) {
      lane.requireWhole();
      clean &= lane.isClean();
      durable = Math.max(durable, lane.knownDurable());
    }
    LaneReader.Tail tail = new LaneReader.Tail();
    for (LaneReader lane : lanes) {
      lane.lookPast(tail);
    }
    durable = Math.max(durable, tail.knownDurable());
    if (durable > last) {
      String expected = "commit " + (last + 1) + " of " + durable + " that are durable";
      throw lanes.isEmpty()
          ? new CorruptionException(env.path(new SegmentPlace(0, 1)), 0, expected, "no segment")
          : damagedLane(lanes)
              .damage(
                  expected,
                  lanes.size() > 1 ? "none in any lane; this one ends first" : "no sound record");
    }
    List<RecoveredLog.RecoveredLane> recovered = new ArrayList<>();
    long bytes = 0;
    int segments = 0;
    int incarnation = 0;
    for (LaneReader lane : lanes) {
      RecoveredLog.RecoveredLane one = lane.recovered();
      recovered.add(one);
      bytes += lane.bytes();
      segments += one.segments().size();
      incarnation = Math.max(incarnation, lane.chain().incarnation());
    }
    return new RecoveredLog(
        last,
        Math.max(durable, from.flushedThrough),
        incarnation,
        clean && tail.records() == 0,
        List.copyOf(recovered),
        records,
        bytes,
        segments,
        tail.bytes(),
        tail.records());
  }

  /** Which lane most likely lost the missing commit: the one that got least far. */
  private static LaneReader damagedLane(List<LaneReader> lanes) {
    LaneReader damaged = lanes.getFirst();
    for (LaneReader lane : lanes) {
      if (lane.end().lastSequence() < damaged.end().lastSequence()) {
        damaged = lane;
      }
    }
    return damaged;
  }
}
