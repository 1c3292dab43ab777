package dev.varve.log;

import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The segments of one lane that may count, oldest first, found by following the headers from the
/// newest back.
///
/// @threads immutable
final class LaneChain {
  /// A segment of the chain.
  ///
  /// @param header its header
  /// @param begin what its begin record says of the segment before, or null when that is not sound
  /// @param hasRecords whether a sound record follows the begin
  /// @param fileBytes the length of its file
  record Link(SegmentHeader header, @Nullable LaneEnd begin, boolean hasRecords, long fileBytes) {}

  private final int lane;
  private final List<Link> links;
  private final List<Long> others;
  private final long highestNumber;

  private LaneChain(int lane, List<Link> links, List<Long> others, long highestNumber) {
    this.lane = lane;
    this.links = links;
    this.others = others;
    this.highestNumber = highestNumber;
  }

  /// Reads the headers of a lane's files.
  ///
  /// @param numbers the numbers of all the lane's files
  /// @param firstNeeded the lowest number that is needed
  /// @throws CorruptionException when a link is missing or damaged
  /// @throws IOException when the device refuses
  static LaneChain read(LogEnvironment env, int lane, List<Long> numbers, long firstNeeded)
      throws IOException {
    NavigableMap<Long, Link> sound = new TreeMap<>();
    List<Long> others = new ArrayList<>();
    long highest = 0;
    for (long number : numbers) {
      highest = Math.max(highest, number);
      @Nullable Link link = number < firstNeeded ? null : readLink(env, lane, number);
      if (link == null) {
        others.add(number);
      } else {
        sound.put(number, link);
      }
    }
    Deque<Link> chain = new ArrayDeque<>();
    for (@Nullable Link link = sound.isEmpty() ? null : sound.lastEntry().getValue();
        link != null;
        link = previous(env, link, sound, firstNeeded)) {
      sound.remove(link.header.place().number());
      chain.addFirst(link);
    }
    others.addAll(sound.keySet());
    return new LaneChain(lane, List.copyOf(chain), List.copyOf(others), highest);
  }

  /** The link before, or null where the chain begins. */
  private static @Nullable Link previous(
      LogEnvironment env, Link link, NavigableMap<Long, Link> sound, long firstNeeded) {
    long number = link.header.previous();
    if (number == 0 || number < firstNeeded) {
      return null;
    }
    Link previous = sound.get(number);
    if (previous == null || number >= link.header.place().number()) {
      throw new CorruptionException(
          env.path(new SegmentPlace(link.header.place().lane(), number)),
          0,
          "the segment before " + env.path(link.header.place()).getFileName(),
          "no sound segment");
    }
    return previous;
  }

  /** A file with a sound header of its own, or null for a spare's leftover or damage. */
  private static @Nullable Link readLink(LogEnvironment env, int lane, long number)
      throws IOException {
    SegmentPlace place = new SegmentPlace(lane, number);
    Path path = env.path(place);
    try (SegmentScanner scanner =
        new SegmentScanner(env.fileSystem(), path, place, env.store().salt())) {
      byte[] bytes = scanner.headerBytes();
      if (bytes.length < SegmentHeader.SIZE || !Envelope.isSound(bytes)) {
        return null;
      }
      Envelope envelope = Envelope.read(path, bytes);
      if (envelope.kind() == FileKind.LOG_SEGMENT
          && envelope.store().equals(env.store())
          && envelope.scope() == lane
          && envelope.number() < number) {
        // A segment that was renamed for reuse before it got its new header.
        return null;
      }
      envelope.require(path, FileKind.LOG_SEGMENT, env.store(), lane, number);
      SegmentHeader header = SegmentHeader.decode(path, bytes, envelope);
      @Nullable LaneEnd begin = null;
      boolean hasRecords = false;
      if (scanner.readAt(SegmentHeader.SIZE, scanner.fileSize())
          && scanner.kind() == RecordKind.BEGIN) {
        begin =
            LaneEnd.readPayload(
                header.previous(),
                scanner.array(),
                scanner.payloadOffset(),
                scanner.payloadLength());
        hasRecords = scanner.readAt(scanner.end(), scanner.fileSize());
      }
      return new Link(header, begin, hasRecords, scanner.fileSize());
    }
  }

  /// Its lane's number.
  int lane() {
    return lane;
  }

  /// Its segments, oldest first; the newest ones may be spares.
  List<Link> links() {
    return links;
  }

  /// The numbers of the lane's files that are not in the chain.
  List<Long> others() {
    return others;
  }

  /// The highest number of any of the lane's files, 0 for none.
  long highestNumber() {
    return highestNumber;
  }

  /// The newest incarnation in the chain, 0 for none.
  int incarnation() {
    return links.isEmpty() ? 0 : links.getLast().header().incarnation();
  }
}
