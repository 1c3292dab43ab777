package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.kv.Limits;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What an sstable says of itself. The arrays are nobody's to change.
///
/// @param entries how many entries it has
/// @param tombstones how many of them are tombstones
/// @param keys how many distinct user keys they have
/// @param rangeTombstones how many range tombstones it has
/// @param keyBytes the bytes of all entries' keys
/// @param valueBytes the bytes of all entries' values
/// @param smallestSequence the least sequence number of entries and range tombstones
/// @param largestSequence the greatest
/// @param content the sum of the entries' hashes: equal for equal entries, however they are spread
///   over files
/// @param dataBlocks how many data blocks it has
/// @param dataBytes the bytes of their payloads when uncompressed
/// @param filterLines the lines of its filter; 0 without one
/// @param filterProbes how many bits a key sets there
/// @param largestEnd how the largest key ends the range of what the file concerns
/// @param smallestKey the first key that an entry has or a range tombstone may hide
/// @param largestKey the last one, or where the last range tombstone that has an end ends
public record SstableProperties(
    long entries,
    long tombstones,
    long keys,
    long rangeTombstones,
    long keyBytes,
    long valueBytes,
    long smallestSequence,
    long largestSequence,
    long content,
    long dataBlocks,
    long dataBytes,
    int filterLines,
    int filterProbes,
    RangeEnd largestEnd,
    byte[] smallestKey,
    byte[] largestKey) {
  /// How a range of keys ends.
  public enum RangeEnd {
    /// With the key, which belongs to it.
    INCLUSIVE(0),
    /// Before the key.
    EXCLUSIVE(1),
    /// Not at all: any greater key belongs to it.
    NONE(2);

    final int code;

    RangeEnd(int code) {
      this.code = code;
    }

    private static @Nullable RangeEnd ofCode(int code) {
      for (RangeEnd end : values()) {
        if (end.code == code) {
          return end;
        }
      }
      return null;
    }
  }

  private static final int LONGS = 11;
  private static final int FILTER_LINES = LONGS * 8;
  private static final int FILTER_PROBES = 92;
  private static final int LARGEST_END = 93;
  private static final int ZERO = 94;
  private static final int SMALLEST_LENGTH = 96;
  private static final int LARGEST_LENGTH = 100;
  private static final int KEYS = 104;

  /// Whether an entry or a range tombstone of the file may concern this key.
  public boolean mayConcern(byte[] key) {
    if (Bytes.compare(key, smallestKey) < 0) {
      return false;
    }
    return switch (largestEnd) {
      case INCLUSIVE -> Bytes.compare(key, largestKey) <= 0;
      case EXCLUSIVE -> Bytes.compare(key, largestKey) < 0;
      case NONE -> true;
    };
  }

  /// Whether it concerns all keys from its first one on.
  public boolean reachesBeyond() {
    return largestEnd == RangeEnd.NONE;
  }

  byte[] encode() {
    byte[] bytes = new byte[KEYS + smallestKey.length + largestKey.length];
    long[] longs = {
      entries,
      tombstones,
      keys,
      rangeTombstones,
      keyBytes,
      valueBytes,
      smallestSequence,
      largestSequence,
      content,
      dataBlocks,
      dataBytes
    };
    for (int i = 0; i < LONGS; i++) {
      Bytes.putLong(bytes, 8 * i, longs[i]);
    }
    Bytes.putInt(bytes, FILTER_LINES, filterLines);
    bytes[FILTER_PROBES] = (byte) filterProbes;
    bytes[LARGEST_END] = (byte) largestEnd.code;
    Bytes.putInt(bytes, SMALLEST_LENGTH, smallestKey.length);
    Bytes.putInt(bytes, LARGEST_LENGTH, largestKey.length);
    System.arraycopy(smallestKey, 0, bytes, KEYS, smallestKey.length);
    System.arraycopy(largestKey, 0, bytes, KEYS + smallestKey.length, largestKey.length);
    return bytes;
  }

  /// Reads the payload of a block of properties; null when it is none.
  static @Nullable SstableProperties decode(byte[] bytes, int length) {
    if (length < KEYS) {
      return null;
    }
    int smallest = Bytes.getInt(bytes, SMALLEST_LENGTH);
    int largest = Bytes.getInt(bytes, LARGEST_LENGTH);
    RangeEnd end = RangeEnd.ofCode(bytes[LARGEST_END]);
    int probes = bytes[FILTER_PROBES];
    int lines = Bytes.getInt(bytes, FILTER_LINES);
    if (smallest < 1
        || smallest > Limits.KEY_BYTES_MAX
        || largest < 1
        || largest > Limits.KEY_BYTES_MAX
        || length - KEYS != smallest + largest
        || end == null
        || Bytes.getUnsignedShort(bytes, ZERO) != 0
        || lines < 0
        || (lines > 0 && (probes < 1 || probes > dev.varve.filter.FilterShape.PROBES_MAX))) {
      return null;
    }
    return new SstableProperties(
        Bytes.getLong(bytes, 0),
        Bytes.getLong(bytes, 8),
        Bytes.getLong(bytes, 16),
        Bytes.getLong(bytes, 24),
        Bytes.getLong(bytes, 32),
        Bytes.getLong(bytes, 40),
        Bytes.getLong(bytes, 48),
        Bytes.getLong(bytes, 56),
        Bytes.getLong(bytes, 64),
        Bytes.getLong(bytes, 72),
        Bytes.getLong(bytes, 80),
        lines,
        probes,
        end,
        Arrays.copyOfRange(bytes, KEYS, KEYS + smallest),
        Arrays.copyOfRange(bytes, KEYS + smallest, length));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SstableProperties that && Arrays.equals(encode(), that.encode());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(encode());
  }

  /// Says nothing of the keys: they do not belong in logs.
  @Override
  public String toString() {
    return "SstableProperties[entries="
        + entries
        + ", tombstones="
        + tombstones
        + ", rangeTombstones="
        + rangeTombstones
        + ", sequences="
        + smallestSequence
        + ".."
        + largestSequence
        + "]";
  }
}
