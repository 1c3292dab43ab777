package dev.varve.log;

import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads the records of one segment, one behind the other, through a window of fixed size.
///
/// Reading is total: whatever the bytes, a position holds a sound record or it does not. Memory is
/// taken for a record larger than the window only after its checksum was found to be right.
///
/// @threads one at a time
/// @lifetime until [#close]; a record's payload is valid until the next call
final class SegmentScanner implements AutoCloseable {
  private static final int WINDOW_BYTES = 256 << 10;

  /** How many bytes findFrom may checksum in vain for each byte it looks at. */
  private static final int VAIN_CHECKSUM_FACTOR = 16;

  private static final int VAIN_CHECKSUM_FREE_BYTES = 4096;

  private final Path path;
  private final SegmentPlace place;
  private final int salt;
  private final StoreFile file;
  private final long fileSize;
  private final CRC32C crc = new CRC32C();

  private final byte[] window;
  private long windowStart;
  private int windowLength;

  /** The current record. */
  private byte[] record;

  private int recordAt;
  private int payloadLength;
  private long position;

  /// Opens a segment.
  ///
  /// @throws IOException when it cannot be opened
  SegmentScanner(FileSystem fileSystem, Path path, SegmentPlace place, int salt)
      throws IOException {
    this.path = path;
    this.place = place;
    this.salt = salt;
    this.file = fileSystem.open(path, OpenMode.READ);
    try {
      this.fileSize = file.size();
      this.window = new byte[(int) Math.min(WINDOW_BYTES, Math.max(fileSize, RecordHeader.SIZE))];
      this.record = window;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /// The first bytes of the file, at most a header's.
  ///
  /// @throws IOException when the device cannot give them
  byte[] headerBytes() throws IOException {
    byte[] bytes = new byte[(int) Math.min(SegmentHeader.SIZE, fileSize)];
    file.readFully(0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  Path path() {
    return path;
  }

  SegmentPlace place() {
    return place;
  }

  /// The length of the file.
  long fileSize() {
    return fileSize;
  }

  /// Whether a sound record lies at `at` and ends at `limit` or before. If so it is the current
  /// one.
  ///
  /// @throws IOException when the device cannot give the bytes
  boolean readAt(long at, long limit) throws IOException {
    long end = Math.min(limit, fileSize);
    if (end - at < RecordHeader.SIZE) {
      return false;
    }
    int in = load(at, RecordHeader.SIZE);
    if (!RecordHeader.belongsTo(window, in, place)) {
      return false;
    }
    int length = RecordHeader.payloadLength(window, in);
    long size = RecordHeader.size(length);
    if (size > end - at) {
      return false;
    }
    if (size <= window.length) {
      in = load(at, (int) size);
      RecordHeader.beginChecksum(window, in, crc);
      crc.update(window, in + RecordHeader.SIZE, length);
      if (!checksOut(in) || !isPadded(window, in + RecordHeader.SIZE + length, in + (int) size)) {
        return false;
      }
      record = window;
      recordAt = in;
    } else if (!readLarge(at, length, (int) size)) {
      return false;
    }
    position = at;
    payloadLength = length;
    return true;
  }

  private boolean checksOut(int in) {
    return RecordHeader.checksum(window, in) == ((int) crc.getValue() ^ salt);
  }

  private static boolean isPadded(byte[] bytes, int from, int to) {
    for (int at = from; at < to; at++) {
      if (bytes[at] != 0) {
        return false;
      }
    }
    return true;
  }

  /** A record that is larger than the window: checksummed piece by piece before it is read. */
  private boolean readLarge(long at, int length, int size) throws IOException {
    int in = load(at, RecordHeader.SIZE);
    int checksum = RecordHeader.checksum(window, in);
    RecordHeader.beginChecksum(window, in, crc);
    long from = at + RecordHeader.SIZE;
    for (long left = length; left > 0; ) {
      int count = (int) Math.min(left, window.length);
      in = load(from, count);
      crc.update(window, in, count);
      from += count;
      left -= count;
    }
    if (checksum != ((int) crc.getValue() ^ salt)) {
      return false;
    }
    byte[] large = new byte[size];
    file.readFully(at, MemorySegment.ofArray(large));
    if (!isPadded(large, RecordHeader.SIZE + length, size)) {
      return false;
    }
    record = large;
    recordAt = 0;
    return true;
  }

  /** Has the window hold `count` bytes from `at` on, which are in the file; answers where. */
  private int load(long at, int count) throws IOException {
    if (at < windowStart || at + count > windowStart + windowLength) {
      int length = (int) Math.min(window.length, fileSize - at);
      file.readFully(at, MemorySegment.ofArray(window).asSlice(0, length));
      windowStart = at;
      windowLength = length;
    }
    return (int) (at - windowStart);
  }

  /// Finds the first sound record at a multiple of 8 from `from` on. If there is one it is the
  /// current one.
  ///
  /// @throws IOException when the device cannot give the bytes
  boolean findFrom(long from) throws IOException {
    long vain = VAIN_CHECKSUM_FREE_BYTES + (fileSize - from) * VAIN_CHECKSUM_FACTOR;
    for (long at = from; fileSize - at >= RecordHeader.SIZE; at += RecordHeader.ALIGNMENT) {
      int in = load(at, RecordHeader.SIZE);
      if (!RecordHeader.belongsTo(window, in, place)
          || RecordHeader.durableThrough(window, in) > RecordHeader.sequence(window, in)) {
        continue;
      }
      // Bytes that pretend to be many long records must not make this quadratic.
      int length = RecordHeader.payloadLength(window, in);
      if (length > vain) {
        continue;
      }
      if (readAt(at, fileSize)) {
        return true;
      }
      vain -= length;
    }
    return false;
  }

  /// Whether the bytes at `at` look like a record of this segment that was not wholly written.
  ///
  /// @throws IOException when the device cannot give the bytes
  boolean isTornAt(long at) throws IOException {
    if (fileSize - at < RecordHeader.SIZE) {
      return false;
    }
    int in = load(at, RecordHeader.SIZE);
    return RecordHeader.belongsTo(window, in, place);
  }

  /// The kind of the current record.
  RecordKind kind() {
    @Nullable RecordKind kind = RecordKind.ofCode(RecordHeader.kindCode(record, recordAt));
    if (kind == null) {
      throw new IllegalStateException("no record was read");
    }
    return kind;
  }

  /// The sequence number of the current record.
  long sequence() {
    return RecordHeader.sequence(record, recordAt);
  }

  /// What was known to be durable when the current record was appended.
  long durableThrough() {
    return RecordHeader.durableThrough(record, recordAt);
  }

  /// The checksum field of the current record.
  int checksum() {
    return RecordHeader.checksum(record, recordAt);
  }

  /// Where the current record begins.
  long position() {
    return position;
  }

  /// Where the current record ends, padding included.
  long end() {
    return position + RecordHeader.size(payloadLength);
  }

  /// The array that holds the current record's payload.
  byte[] array() {
    return record;
  }

  /// Where the payload begins in [#array].
  int payloadOffset() {
    return recordAt + RecordHeader.SIZE;
  }

  /// How long the payload is.
  int payloadLength() {
    return payloadLength;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
