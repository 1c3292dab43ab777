package dev.varve.log;

import dev.varve.kv.CorruptionException;
import dev.varve.log.LaneChain.Link;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads a lane's records in order, until the first that is not sound.
///
/// @threads one at a time
/// @lifetime until [#close]
final class LaneReader implements AutoCloseable {
  /* The reader stands on a record with a number of its own, or at its end. `end` is behind the last
   * record that was consumed; a record of a kind without a number is consumed as it is passed. */

  private final LogEnvironment env;
  private final LaneChain chain;
  private final List<ClosedSegment> read = new ArrayList<>();

  private int index = -1;
  private @Nullable SegmentScanner scanner;

  /** Where the next record is looked for. */
  private long position;

  /** Behind the last record that counts; the segment is that of the scanner. */
  private LaneEnd end = LaneEnd.NONE;

  private long lastNumbered;
  private long highestInSegment;
  private boolean atEnd;
  private boolean sealed;
  private boolean continued;
  private long knownDurable;
  private long bytes;

  LaneReader(LogEnvironment env, LaneChain chain) {
    this.env = env;
    this.chain = chain;
    if (!chain.links().isEmpty()) {
      @Nullable LaneEnd before = chain.links().getFirst().begin();
      if (before != null) {
        end = before;
      }
    }
  }

  /// Moves to the next record that has a number of its own. False at the end.
  ///
  /// @throws CorruptionException when segments contradict one another
  /// @throws IOException when the device refuses
  boolean advance() throws IOException {
    while (!atEnd) {
      if (scanner == null && !openNext()) {
        atEnd = true;
        break;
      }
      SegmentScanner current = open();
      @Nullable LaneEnd limit = endOfSegment();
      if (limit != null && position == limit.position()) {
        requireMatch(limit);
        closeSegment();
        continue;
      }
      if (!current.readAt(position, limit == null ? Long.MAX_VALUE : limit.position())
          || (current.kind().isNumbered() && current.sequence() <= lastNumbered)) {
        atEnd = true;
        break;
      }
      knownDurable = Math.max(knownDurable, current.durableThrough());
      sealed = current.kind() == RecordKind.SEAL;
      continued = current.kind() == RecordKind.CONTINUED;
      if (current.kind().isNumbered()) {
        lastNumbered = current.sequence();
        return true;
      }
      consume();
    }
    return false;
  }

  private boolean openNext() throws IOException {
    if (index + 1 >= chain.links().size()) {
      return false;
    }
    Link next = chain.links().get(index + 1);
    if (next.begin() == null) {
      return false;
    }
    index++;
    SegmentPlace place = next.header().place();
    scanner = new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt());
    position = SegmentHeader.SIZE;
    highestInSegment = 0;
    end = new LaneEnd(place.number(), position, end.lastSequence(), end.lastChecksum());
    return true;
  }

  /** Up to where this segment counts as the next one says, or null when none says so. */
  private @Nullable LaneEnd endOfSegment() {
    return index + 1 < chain.links().size() ? chain.links().get(index + 1).begin() : null;
  }

  private void requireMatch(LaneEnd limit) {
    if (end.lastSequence() != limit.lastSequence() || end.lastChecksum() != limit.lastChecksum()) {
      throw new CorruptionException(
          path(),
          position,
          "the last record to be " + limit.lastSequence() + ", as the next segment says",
          "record " + end.lastSequence());
    }
  }

  private void closeSegment() throws IOException {
    SegmentScanner current = open();
    read.add(
        new ClosedSegment(
            current.place().number(), current.fileSize(), end.position(), highestInSegment));
    current.close();
    scanner = null;
  }

  private SegmentScanner open() {
    if (scanner == null) {
      throw new IllegalStateException("the reader stands on no record");
    }
    return scanner;
  }

  /// Counts the current record as part of the log.
  void consume() {
    SegmentScanner current = open();
    bytes += current.end() - current.position();
    position = current.end();
    highestInSegment = Math.max(highestInSegment, current.sequence());
    end = new LaneEnd(current.place().number(), position, current.sequence(), current.checksum());
  }

  /// Checks, at the lane's end, that no segment is missing behind it, and that the last one is as
  /// long as it was made, unless it was cut behind its seal.
  ///
  /// @throws CorruptionException when it is not so
  void requireWhole() {
    boolean last = index == chain.links().size() - 1;
    if (!atEnd || index < 0) {
      return;
    }
    if (continued && last) {
      throw damage("another segment, in which the lane goes on", "none that is sound");
    }
    SegmentHeader header = chain.links().get(index).header();
    if (scanner != null && !sealed && scanner.fileSize() < header.size()) {
      throw new CorruptionException(
          path(), scanner.fileSize(), "a file of " + header.size() + " bytes", "its end");
    }
  }

  /// The record that the reader stands on.
  SegmentScanner record() {
    return open();
  }

  /// The number of the record that the reader stands on.
  long sequence() {
    return lastNumbered;
  }

  /// Up to where the lane counts, as far as it was consumed.
  LaneEnd end() {
    return end;
  }

  /// How many bytes of records were consumed.
  long bytes() {
    return bytes;
  }

  /// The greatest `durableThrough` of any record read so far.
  long knownDurable() {
    return knownDurable;
  }

  /// Whether the lane has no segment, or ends in a seal.
  boolean isClean() {
    return end.segment() == 0 || (atEnd && sealed);
  }

  /// Whether the lane has segments.
  boolean isEmpty() {
    return chain.links().isEmpty();
  }

  LaneChain chain() {
    return chain;
  }

  /// The file that the reader is in, or would be in next.
  java.nio.file.Path path() {
    int at = Math.clamp(index, 0, Math.max(0, chain.links().size() - 1));
    return chain.links().isEmpty()
        ? env.directory()
        : env.path(chain.links().get(at).header().place());
  }

  /// The number of the newest file whose header is not sound, where it is newer than all that are,
  /// or 0.
  private long newestUnsound() {
    long newest = chain.links().isEmpty() ? 0 : newestNumber();
    long found = 0;
    for (long number : chain.others()) {
      found = Math.max(found, number > newest ? number : 0);
    }
    return found;
  }

  /// The damage that a commit missing here would have to be blamed on.
  CorruptionException damage(String expected, String found) {
    long unsound = newestUnsound();
    return unsound == 0
        ? new CorruptionException(path(), end.position(), expected, found)
        : new CorruptionException(
            env.path(new SegmentPlace(chain.lane(), unsound)), 0, expected, found);
  }

  /// What lies behind the last record that counts: `found` sums it up.
  ///
  /// The reader stands on the record behind the gap, or at its end; afterwards it is at its end.
  ///
  /// @throws IOException when the device refuses
  void lookPast(Tail found) throws IOException {
    long resume = position;
    int resumeIndex = index;
    if (!atEnd) {
      SegmentScanner current = open();
      found.add(current);
      resume = current.end();
    } else if (scanner != null && scanner.isTornAt(position)) {
      found.addTorn(scanner.fileSize() - position);
    }
    for (int i = Math.max(resumeIndex, 0); i < chain.links().size(); i++) {
      SegmentPlace place = chain.links().get(i).header().place();
      scanAll(place, i == resumeIndex ? resume : SegmentHeader.SIZE, found);
    }
    for (long number : chain.others()) {
      // What is older than the chain's newest was left behind by an earlier recovery.
      if (chain.links().isEmpty() || number > newestNumber()) {
        scanAll(new SegmentPlace(chain.lane(), number), SegmentHeader.SIZE, found);
      }
    }
    atEnd = true;
  }

  private long newestNumber() {
    return chain.links().getLast().header().place().number();
  }

  private void scanAll(SegmentPlace place, long from, Tail found) throws IOException {
    try (SegmentScanner scan =
        new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt())) {
      for (long at = from; scan.findFrom(at); at = scan.end()) {
        found.add(scan);
      }
    }
  }

  /// The lane as it goes on.
  RecoveredLog.RecoveredLane recovered() throws IOException {
    if (scanner != null) {
      closeSegment();
    }
    List<Long> leftovers = new ArrayList<>(chain.others());
    for (int i = read.size(); i < chain.links().size(); i++) {
      leftovers.add(chain.links().get(i).header().place().number());
    }
    return new RecoveredLog.RecoveredLane(
        end, chain.highestNumber(), List.copyOf(read), List.copyOf(leftovers));
  }

  @Override
  public void close() throws IOException {
    if (scanner != null) {
      scanner.close();
      scanner = null;
    }
  }

  /** What lies behind the last record that counts. */
  static final class Tail {
    private long knownDurable;
    private long bytes;
    private long records;

    private void add(SegmentScanner record) {
      knownDurable = Math.max(knownDurable, record.durableThrough());
      bytes += record.end() - record.position();
      records += record.kind().isNumbered() ? 1 : 0;
    }

    private void addTorn(long left) {
      bytes += Math.min(left, RecordHeader.SIZE);
    }

    /// The greatest `durableThrough` of any of it.
    long knownDurable() {
      return knownDurable;
    }

    /// How many bytes of it were recognised.
    long bytes() {
      return bytes;
    }

    /// How many sound records with a number of their own are in it.
    long records() {
      return records;
    }
  }
}
