package dev.varve.log;

import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.kv.FormatException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads what is sound of a log that is damaged, and says what is not.
///
/// @threads one at a time
public final class LogSalvage {
  private LogSalvage() {}

  /// Shows every sound record that may count to `visitor`, in the order of the numbers, each number
  /// once, and tells `losses` of each gap and each damaged place.
  ///
  /// @param after numbers up to this one are known from elsewhere: they are not shown nor missed
  /// @throws IOException when the device refuses
  public static void salvage(
      LogEnvironment env, long after, RecordVisitor visitor, Consumer<String> losses)
      throws IOException {
    List<Lane> lanes = lanes(env, losses);
    try {
      for (Lane lane : lanes) {
        lane.advance();
      }
      long last = after;
      while (true) {
        @Nullable Lane next = null;
        for (Lane lane : lanes) {
          if (lane.isOpen() && (next == null || lane.sequence() < next.sequence())) {
            next = lane;
          }
        }
        if (next == null) {
          return;
        }
        long sequence = next.sequence();
        if (sequence > last) {
          if (sequence > last + 1) {
            losses.accept(
                "commits " + (last + 1) + " to " + (sequence - 1) + " are nowhere in the log");
          }
          SegmentScanner record = next.record();
          visitor.visit(
              record.kind(),
              sequence,
              record.array(),
              record.payloadOffset(),
              record.payloadLength());
          last = sequence;
        }
        next.advance();
      }
    } finally {
      for (Lane lane : lanes) {
        lane.close();
      }
    }
  }

  private static List<Lane> lanes(LogEnvironment env, Consumer<String> losses) throws IOException {
    TreeMap<Integer, TreeMap<Long, SegmentPlace>> found = new TreeMap<>();
    for (String name : env.fileSystem().list(env.directory())) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Segment(int lane, long number)) {
        found
            .computeIfAbsent(lane, l -> new TreeMap<>())
            .put(number, new SegmentPlace(lane, number));
      }
    }
    List<Lane> lanes = new ArrayList<>();
    for (TreeMap<Long, SegmentPlace> places : found.values()) {
      lanes.add(new Lane(env, List.copyOf(places.values()), ends(env, places), losses));
    }
    return lanes;
  }

  /** For each segment up to where it counts, as far as a later one says so. */
  private static Map<Long, Long> ends(LogEnvironment env, Map<Long, SegmentPlace> places)
      throws IOException {
    Map<Long, Long> ends = new HashMap<>();
    for (SegmentPlace place : places.values()) {
      try (SegmentScanner scanner =
          new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt())) {
        byte[] bytes = scanner.headerBytes();
        if (bytes.length < SegmentHeader.SIZE || !Envelope.isSound(bytes)) {
          continue;
        }
        SegmentHeader header =
            SegmentHeader.decode(scanner.path(), bytes, Envelope.read(scanner.path(), bytes));
        if (scanner.readAt(SegmentHeader.SIZE, scanner.fileSize())
            && scanner.kind() == RecordKind.BEGIN) {
          @Nullable LaneEnd end =
              LaneEnd.readPayload(
                  header.previous(),
                  scanner.array(),
                  scanner.payloadOffset(),
                  scanner.payloadLength());
          if (end != null) {
            ends.put(header.previous(), end.position());
          }
        }
      } catch (FormatException newer) {
        throw newer;
      } catch (VarveException damaged) {
        // Without its header a segment says nothing of the one before it.
      }
    }
    return ends;
  }

  /** What is sound of one lane. */
  private static final class Lane implements AutoCloseable {
    private final LogEnvironment env;
    private final List<SegmentPlace> places;
    private final Map<Long, Long> ends;
    private final Consumer<String> losses;
    private int index;
    private long position;
    private @Nullable SegmentScanner scanner;

    Lane(
        LogEnvironment env,
        List<SegmentPlace> places,
        Map<Long, Long> ends,
        Consumer<String> losses) {
      this.env = env;
      this.places = places;
      this.ends = ends;
      this.losses = losses;
    }

    boolean isOpen() {
      return scanner != null;
    }

    SegmentScanner record() {
      if (scanner == null) {
        throw new IllegalStateException("the lane is at its end");
      }
      return scanner;
    }

    long sequence() {
      return record().sequence();
    }

    void advance() throws IOException {
      while (true) {
        if (scanner == null) {
          if (index == places.size()) {
            return;
          }
          SegmentPlace place = places.get(index++);
          scanner =
              new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt());
          position = SegmentHeader.SIZE;
        }
        SegmentScanner current = scanner;
        long end = ends.getOrDefault(current.place().number(), current.fileSize());
        long from = position;
        if (!current.findFrom(position) || current.end() > end) {
          if (ends.containsKey(current.place().number()) && from < end) {
            losses.accept(damage(current, from, end));
          }
          current.close();
          scanner = null;
          continue;
        }
        if (current.position() > from) {
          losses.accept(damage(current, from, current.position()));
        }
        position = current.end();
        if (current.kind().isNumbered()) {
          return;
        }
      }
    }

    private static String damage(SegmentScanner scanner, long from, long to) {
      return scanner.path().getFileName() + " is damaged from byte " + from + " to " + to;
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
