package dev.varve.engine.lsm.version;

import dev.varve.base.Bytes;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a version knows of an sstable without opening it.
///
/// Its keys, those that its range tombstones cover included, are those from `from` on and before
/// `to`.
///
/// @param number its file's number
/// @param fileBytes the length of its file
/// @param from its least key
/// @param to the least key past it, or null when a range tombstone has no end
/// @param counts what is in it
/// @param smallestSequence the least sequence number of its entries and range tombstones
/// @param largestSequence the greatest
/// @param createdMillis when it was written, milliseconds since 1970
public record SstableMeta(
    long number,
    long fileBytes,
    byte[] from,
    byte @Nullable [] to,
    Counts counts,
    long smallestSequence,
    long largestSequence,
    long createdMillis) {
  /// What an sstable holds.
  ///
  /// @param entries how many entries, tombstones included
  /// @param tombstones how many of them are tombstones
  /// @param rangeTombstones how many range tombstones there are beside them
  /// @param keyBytes the bytes of all keys
  /// @param valueBytes the bytes of all values
  public record Counts(
      long entries, long tombstones, long rangeTombstones, long keyBytes, long valueBytes) {
    /// Nothing.
    public static final Counts NONE = new Counts(0, 0, 0, 0, 0);

    /// Both together.
    public Counts plus(Counts other) {
      return new Counts(
          entries + other.entries,
          tombstones + other.tombstones,
          rangeTombstones + other.rangeTombstones,
          keyBytes + other.keyBytes,
          valueBytes + other.valueBytes);
    }
  }

  public SstableMeta {
    if (to != null && Bytes.compare(from, to) >= 0) {
      throw new IllegalArgumentException("sstable " + number + " ends before it begins");
    }
    if (smallestSequence > largestSequence) {
      throw new IllegalArgumentException("sstable " + number + " has its numbers the wrong way");
    }
  }

  /// Whether it may hold keys from `otherFrom` on and before `otherTo`; null stands for no end.
  public boolean overlaps(byte @Nullable [] otherFrom, byte @Nullable [] otherTo) {
    return (otherTo == null || Bytes.compare(from, otherTo) < 0)
        && (to == null || otherFrom == null || Bytes.compare(otherFrom, to) < 0);
  }

  /// Whether it may hold this key.
  public boolean covers(byte[] key) {
    return Bytes.compare(from, key) <= 0 && (to == null || Bytes.compare(key, to) < 0);
  }

  /// Whether all its keys are less than `key`.
  public boolean isBefore(byte[] key) {
    return to != null && Bytes.compare(to, key) <= 0;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SstableMeta meta
        && number == meta.number
        && fileBytes == meta.fileBytes
        && Arrays.equals(from, meta.from)
        && Arrays.equals(to, meta.to)
        && counts.equals(meta.counts)
        && smallestSequence == meta.smallestSequence
        && largestSequence == meta.largestSequence
        && createdMillis == meta.createdMillis;
  }

  @Override
  public int hashCode() {
    return Objects.hash(number, fileBytes, largestSequence);
  }

  /// Without its keys, which do not belong in logs.
  @Override
  public String toString() {
    return "sstable " + number + " (" + fileBytes + " B, " + counts.entries + " entries)";
  }
}
