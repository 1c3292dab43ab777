package dev.varve.engine.lsm.version;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableProperties;
import dev.varve.kv.Limits;
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
/// @param createdMillis when it was begun, milliseconds since 1970
/// @param seed what was drawn for its file: another file under the same number has another
/// @param ingestedAt the sequence number of all its entries, whatever the file says, which was
///   written before the number was known; 0 where the file's own numbers count
public record SstableMeta(
    long number,
    long fileBytes,
    byte[] from,
    byte @Nullable [] to,
    Counts counts,
    long smallestSequence,
    long largestSequence,
    long createdMillis,
    long seed,
    long ingestedAt) {
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
    if (ingestedAt != 0
        && (ingestedAt != smallestSequence
            || ingestedAt != largestSequence
            || counts.rangeTombstones != 0)) {
      throw new IllegalArgumentException(
          "sstable " + number + " has one number for all entries, and others");
    }
  }

  /// What a version knows of a file.
  public static SstableMeta of(SstableInfo info) {
    return of(info, 0);
  }

  /// What a version knows of a file, all entries of which have the sequence number `ingestedAt`; 0
  /// where the file's own numbers count.
  ///
  /// @throws IllegalArgumentException when the file has range tombstones and `ingestedAt` is not 0
  public static SstableMeta of(SstableInfo info, long ingestedAt) {
    SstableProperties p = info.properties();
    byte @Nullable [] to =
        switch (p.largestEnd()) {
          case INCLUSIVE -> after(p.largestKey());
          case EXCLUSIVE -> p.largestKey();
          case NONE -> null;
        };
    return new SstableMeta(
        info.number(),
        info.size(),
        p.smallestKey(),
        to,
        new Counts(p.entries(), p.tombstones(), p.rangeTombstones(), p.keyBytes(), p.valueBytes()),
        ingestedAt == 0 ? p.smallestSequence() : ingestedAt,
        ingestedAt == 0 ? p.largestSequence() : ingestedAt,
        info.createdMillis(),
        info.seed(),
        ingestedAt);
  }

  /** The least key past this one; null when there is none. */
  private static byte @Nullable [] after(byte[] key) {
    byte[] next = Bytes.after(key, Limits.KEY_BYTES_MAX);
    return next.length == 0 ? null : next;
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
        && createdMillis == meta.createdMillis
        && seed == meta.seed
        && ingestedAt == meta.ingestedAt;
  }

  @Override
  public int hashCode() {
    return Objects.hash(number, fileBytes, seed);
  }

  /// Without its keys, which do not belong in logs.
  @Override
  public String toString() {
    return "sstable "
        + number
        + " ("
        + fileBytes
        + " B, "
        + counts.entries
        + " entries, seed "
        + Long.toHexString(seed)
        + ")";
  }
}
