package dev.varve.format;

import dev.varve.base.Bytes;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// The frames in a file of edits, wherever they stand: for [EditFile], and for whoever looks for
/// what is sound in a damaged one.
///
/// Its memory grows to the largest sound frame.
///
/// @threads one at a time
/// @lifetime until [#close]
public final class EditFrames implements AutoCloseable {
  /// How many bytes stand before the payload of a frame.
  public static final int HEADER_BYTES = 24;

  static final int LENGTH = 4;
  static final int EDIT = 8;
  static final int BEFORE = 16;
  static final int PARTS = 20;

  /** The edit has another part behind this one. */
  static final int MORE = 1;

  /** The edit has a part before this one. */
  static final int CONTINUES = 2;

  private static final int WINDOW_BYTES = 256 << 10;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final EditFile.Place place;
  private final StoreFile file;
  private final long size;

  /** The bytes of the file from `begin`, `count` of them. */
  private byte[] window = new byte[0];

  private long begin;
  private int count;

  /** Where the frame that was found is, in the file and in the window. */
  private long position;

  private int at;

  private EditFrames(EditFile.Place place, StoreFile file, long size) {
    this.place = place;
    this.file = file;
    this.size = size;
  }

  /// Opens the file of a place, whatever is in it.
  ///
  /// @throws IOException when the device refuses
  public static EditFrames open(EditFile.Place place) throws IOException {
    StoreFile file = place.fileSystem().open(place.path(), OpenMode.READ);
    try {
      return new EditFrames(place, file, file.size());
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// The file's length.
  public long size() {
    return size;
  }

  /// The file's first bytes: those of an envelope, or as many as there are.
  ///
  /// @throws IOException when the device refuses
  public byte[] head() throws IOException {
    int length = (int) Math.min(size, Envelope.SIZE);
    load(0, length);
    return Arrays.copyOfRange(window, (int) -begin, (int) (length - begin));
  }

  /** Has the window hold `length` bytes of the file from `from`. */
  private void load(long from, int length) throws IOException {
    if (from >= begin && from + length <= begin + count) {
      return;
    }
    int wanted = (int) Math.min(size - from, Math.max(length, WINDOW_BYTES));
    if (wanted > window.length) {
      window = new byte[wanted];
    }
    count = 0;
    file.readFully(from, MemorySegment.ofArray(window).asSlice(0, wanted));
    begin = from;
    count = wanted;
  }

  /// Whether a sound frame of the place begins at this position. If so the other calls tell of it,
  /// until the next call.
  ///
  /// @throws IOException when the device refuses
  public boolean find(long where) throws IOException {
    if (where > size - HEADER_BYTES) {
      return false;
    }
    load(where, HEADER_BYTES);
    int header = (int) (where - begin);
    int length = Bytes.getInt(window, header + LENGTH);
    if (length < 0
        || length > size - where - HEADER_BYTES
        || padded(where + HEADER_BYTES + length) > size
        || (Bytes.getInt(window, header + PARTS) & ~(MORE | CONTINUES)) != 0) {
      return false;
    }
    int checksum = Bytes.getInt(window, header);
    int end = HEADER_BYTES + length;
    if (checksumOf(where, end) != checksum) {
      return false;
    }
    load(where, (int) (padded(where + end) - where));
    position = where;
    at = (int) (where - begin);
    return isZero(window, to(), (int) (next() - begin));
  }

  /** What the checksum of a frame must be that takes the bytes before `end` from `where` on. */
  private int checksumOf(long where, int end) throws IOException {
    CRC32C crc = new CRC32C();
    for (int done = LENGTH; done < end; ) {
      int chunk = Math.min(end - done, WINDOW_BYTES);
      load(where + done, chunk);
      crc.update(window, (int) (where + done - begin), chunk);
      done += chunk;
    }
    return (int) crc.getValue() ^ mask(place, where);
  }

  /** What binds a frame to its store, keyspace, file and position. */
  static int mask(EditFile.Place place, long position) {
    long where = (place.scope() * GOLDEN + place.number()) * GOLDEN + position;
    return place.store().salt() ^ (int) (where ^ where >>> 32);
  }

  static long padded(long length) {
    return length + 7 & -8L;
  }

  private static boolean isZero(byte[] array, int from, int to) {
    for (int i = from; i < to; i++) {
      if (array[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /// As [#find], for the first sound frame at `from` or behind of an edit that is `leastEdit` or a
  /// later one. Whether there is one.
  ///
  /// @throws IOException when the device refuses
  public boolean findFrom(long from, long leastEdit) throws IOException {
    long most = size / HEADER_BYTES;
    for (long where = padded(from); where <= size - HEADER_BYTES; where += Long.BYTES) {
      load(where, HEADER_BYTES);
      long edit = Bytes.getLong(window, (int) (where - begin) + EDIT);
      // No file has more edits than frames fit into it; so most bytes are told from frames quickly.
      if (edit >= leastEdit && edit <= most && find(where)) {
        return true;
      }
    }
    return false;
  }

  /// Whether the file has nothing but zeros from `from` on.
  ///
  /// @throws IOException when the device refuses
  public boolean isZeroFrom(long from) throws IOException {
    for (long where = from; where < size; ) {
      int chunk = (int) Math.min(size - where, WINDOW_BYTES);
      load(where, chunk);
      int offset = (int) (where - begin);
      if (!isZero(window, offset, offset + chunk)) {
        return false;
      }
      where += chunk;
    }
    return true;
  }

  /// Where the frame begins.
  public long position() {
    return position;
  }

  /// Where the frame behind it belongs.
  public long next() {
    return padded(position + HEADER_BYTES + Bytes.getInt(window, at + LENGTH));
  }

  /// Which edit it is of, from 0.
  public long edit() {
    return Bytes.getLong(window, at + EDIT);
  }

  /// The checksum of the frame before it.
  public int before() {
    return Bytes.getInt(window, at + BEFORE);
  }

  /// Its own checksum.
  public int checksum() {
    return Bytes.getInt(window, at);
  }

  /// Whether its edit has a part before it.
  public boolean isContinuation() {
    return (Bytes.getInt(window, at + PARTS) & CONTINUES) != 0;
  }

  /// Whether it is the last part of its edit.
  public boolean isLast() {
    return (Bytes.getInt(window, at + PARTS) & MORE) == 0;
  }

  /// The array that has its payload, from [#from] to before [#to].
  public byte[] array() {
    return window;
  }

  /// Where the payload begins in [#array].
  public int from() {
    return at + HEADER_BYTES;
  }

  /// Where the payload ends in [#array].
  public int to() {
    return from() + Bytes.getInt(window, at + LENGTH);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
