package dev.varve.kv;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Encodes mutations, one behind the other, in the form that the log, the change feed and replicas
/// share; `docs/format/mutations.md` has the bytes. [MutationReader] reads them.
///
/// The encoding begins [#HEADROOM_BYTES] into [#array], so that the log can put its record header
/// in front and copy both at once.
///
/// @threads one at a time
public final class MutationWriter {
  /// The bytes left free in front of the encoding.
  public static final int HEADROOM_BYTES = 32;

  static final int PUT = 1;
  static final int DELETE = 2;
  static final int DELETE_RANGE = 3;
  static final int CREATE_KEYSPACE = 4;
  static final int DROP_KEYSPACE = 5;
  static final int INGEST = 6;
  static final int HAS_FROM = 1;
  static final int HAS_TO = 2;

  /// The bytes behind the encoding that the array has at least, for the log's padding.
  public static final int TAILROOM_BYTES = 8;

  /** More than an operation takes besides its keys, values and names: a code and three varints. */
  private static final int OVERHEAD_BYTES_MAX = 1 + 3 * Varints.SIZE_MAX + TAILROOM_BYTES;

  /** Between these the array grows fourfold, else twofold; past the last one by half. */
  private static final int SMALL_BYTES = 4 << 10;

  private static final int MEDIUM_BYTES = 64 << 10;
  private static final int LARGE_BYTES = 16 << 20;

  private final int bytesMax;
  private byte[] array;
  private int end = HEADROOM_BYTES;
  private int count;

  /// With room for about `bytes` bytes; it grows as needed.
  public MutationWriter(int bytes) {
    this(bytes, Limits.BATCH_BYTES_MAX);
  }

  /// As [#MutationWriter(int)], taking no more than `bytesMax` bytes.
  ///
  /// @throws LimitException when that is more than [Limits#BATCH_BYTES_MAX]
  public MutationWriter(int bytes, int bytesMax) {
    if (bytesMax > Limits.BATCH_BYTES_MAX) {
      throw new LimitException(
          "a write batch has at most " + Limits.BATCH_BYTES_MAX + " bytes, not " + bytesMax);
    }
    this.bytesMax = bytesMax;
    this.array = new byte[HEADROOM_BYTES + bytes + OVERHEAD_BYTES_MAX];
  }

  /// Forgets everything written.
  public void clear() {
    end = HEADROOM_BYTES;
    count = 0;
  }

  /// The array that holds the encoding, from [#HEADROOM_BYTES] to [#end]; another one after growth.
  public byte[] array() {
    return array;
  }

  /// The offset behind the last mutation.
  public int end() {
    return end;
  }

  /// How many bytes the encoding takes.
  public int byteSize() {
    return end - HEADROOM_BYTES;
  }

  /// How many mutations were written.
  public int count() {
    return count;
  }

  /// Writes a put. Key and value must be within [Limits].
  ///
  /// @throws LimitException when the encoding would pass [Limits#BATCH_BYTES_MAX]
  public void put(int keyspace, byte[] key, byte[] value) {
    ensure((long) key.length + value.length);
    byte[] a = array;
    int at = begin(PUT, keyspace);
    at = Varints.write(a, at, key.length);
    at = Varints.write(a, at, value.length);
    System.arraycopy(key, 0, a, at, key.length);
    at += key.length;
    System.arraycopy(value, 0, a, at, value.length);
    finish(at + value.length);
  }

  /// Writes a delete. The key must be within [Limits].
  ///
  /// @throws LimitException when the encoding would pass [Limits#BATCH_BYTES_MAX]
  public void delete(int keyspace, byte[] key) {
    ensure(key.length);
    int at = begin(DELETE, keyspace);
    finish(bytes(at, key));
  }

  /// Writes a range delete.
  ///
  /// @throws LimitException when an end is longer than a key can be, or the encoding would pass
  ///   [Limits#BATCH_BYTES_MAX]
  public void deleteRange(int keyspace, KeyRange range) {
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    checkRangeEnd(from);
    checkRangeEnd(to);
    ensure((from == null ? 0L : from.length) + (to == null ? 0 : to.length));
    int at = begin(DELETE_RANGE, keyspace);
    array[at++] = (byte) ((from == null ? 0 : HAS_FROM) | (to == null ? 0 : HAS_TO));
    at = from == null ? at : bytes(at, from);
    at = to == null ? at : bytes(at, to);
    finish(at);
  }

  /** A reader takes no longer one, and a commit that cannot be read must never be logged. */
  private static void checkRangeEnd(byte @Nullable [] end) {
    if (end != null && end.length > Limits.KEY_BYTES_MAX) {
      throw new LimitException(
          "an end of a range to delete has at most "
              + Limits.KEY_BYTES_MAX
              + " bytes, this one has "
              + end.length);
    }
  }

  /// Writes the making of a keyspace.
  ///
  /// @throws LimitException when the encoding would pass [Limits#BATCH_BYTES_MAX]
  public void createKeyspace(int keyspace, String name, KeyspaceOptions options) {
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    byte[] optionBytes = options.toText().getBytes(StandardCharsets.UTF_8);
    ensure((long) nameBytes.length + optionBytes.length);
    int at = begin(CREATE_KEYSPACE, keyspace);
    finish(bytes(bytes(at, nameBytes), optionBytes));
  }

  /// Writes the end of a keyspace.
  ///
  /// @throws LimitException when the encoding would pass [Limits#BATCH_BYTES_MAX]
  public void dropKeyspace(int keyspace) {
    ensure(0);
    finish(begin(DROP_KEYSPACE, keyspace));
  }

  /// Writes that files which were written aside enter a keyspace.
  ///
  /// @throws LimitException when the encoding would pass [Limits#BATCH_BYTES_MAX]
  public void ingest(int keyspace, List<IngestedFile> files) {
    ensure(Varints.SIZE_MAX + (long) files.size() * (3 * Varints.SIZE_MAX + Long.BYTES));
    int at = begin(INGEST, keyspace);
    at = Varints.write(array, at, files.size());
    for (IngestedFile file : files) {
      at = Varints.write(array, at, file.number());
      at = Varints.write(array, at, file.fileBytes());
      at = Varints.write(array, at, file.entries());
      Bytes.putLong(array, at, file.seed());
      at += Long.BYTES;
    }
    finish(at);
  }

  private int begin(int code, int keyspace) {
    array[end] = (byte) code;
    return Varints.write(array, end + 1, keyspace);
  }

  private int bytes(int at, byte[] bytes) {
    int next = Varints.write(array, at, bytes.length);
    System.arraycopy(bytes, 0, array, next, bytes.length);
    return next + bytes.length;
  }

  private void finish(int newEnd) {
    end = newEnd;
    count++;
  }

  /// Takes away each put and delete that a later one of the same key makes void.
  void deduplicate() {
    BatchKeys keys = new BatchKeys(this);
    BitSet superseded = keys.superseded();
    if (superseded.isEmpty()) {
      return;
    }
    int to = HEADROOM_BYTES;
    for (int i = superseded.nextClearBit(0); i < count; i = superseded.nextClearBit(i)) {
      int behind = superseded.nextSetBit(i);
      behind = behind < 0 ? count : behind;
      int length = keys.begin(behind) - keys.begin(i);
      System.arraycopy(array, keys.begin(i), array, to, length);
      to += length;
      i = behind;
    }
    end = to;
    count -= superseded.cardinality();
  }

  private void ensure(long payload) {
    long needed = end + payload + OVERHEAD_BYTES_MAX;
    if (needed - HEADROOM_BYTES > bytesMax) {
      throw new LimitException(
          "this write batch has at most "
              + bytesMax
              + " bytes, and has "
              + byteSize()
              + " without what was to be added; write it in parts");
    }
    if (needed > array.length) {
      long length = array.length;
      boolean steep = length >= SMALL_BYTES && length < MEDIUM_BYTES;
      long more = steep ? 4 * length : 2 * length;
      long grown = Math.max(needed, length < LARGE_BYTES ? more : length + (length >> 1));
      array = Arrays.copyOf(array, (int) Math.min(grown, Integer.MAX_VALUE - 8));
    }
  }
}
