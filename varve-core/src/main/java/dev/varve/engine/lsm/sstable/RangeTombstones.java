package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.kv.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The range tombstones of one file.
///
/// @threads immutable
public final class RangeTombstones {
  /// None.
  static final RangeTombstones NONE = new RangeTombstones(List.of());

  private final List<RangeTombstone> tombstones;

  /** For each tombstone the index of that up to it, itself included, which reaches furthest. */
  private final int[] furthest;

  RangeTombstones(List<RangeTombstone> tombstones) {
    this.tombstones = List.copyOf(tombstones);
    this.furthest = new int[tombstones.size()];
    for (int i = 1; i < furthest.length; i++) {
      int before = furthest[i - 1];
      byte[] reached = tombstones.get(before).to();
      byte[] to = tombstones.get(i).to();
      boolean further = reached != null && (to == null || Bytes.compare(to, reached) > 0);
      furthest[i] = further ? i : before;
    }
  }

  /// All, ordered by their first key, then by sequence number, greatest first.
  public List<RangeTombstone> all() {
    return tombstones;
  }

  /// As the other `covering`, for a whole array.
  public long covering(byte[] key, long sequence) {
    return covering(key, 0, key.length, sequence);
  }

  /// The greatest sequence number up to `sequence` of those that hide entries of a key; 0 when none
  /// does. Takes the longer, the more of them overlap.
  public long covering(byte[] key, int offset, int length, long sequence) {
    int low = 0;
    int high = furthest.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      byte[] from = tombstones.get(middle).from();
      if (Bytes.compare(from, 0, from.length, key, offset, length) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    long found = 0;
    for (int i = low - 1; i >= 0; i--) {
      if (!reaches(tombstones.get(furthest[i]), key, offset, length)) {
        break;
      }
      RangeTombstone tombstone = tombstones.get(i);
      if (tombstone.sequence() <= sequence
          && tombstone.sequence() > found
          && reaches(tombstone, key, offset, length)) {
        found = tombstone.sequence();
      }
    }
    return found;
  }

  private static boolean reaches(RangeTombstone tombstone, byte[] key, int offset, int length) {
    byte[] to = tombstone.to();
    return to == null || Bytes.compare(key, offset, length, to, 0, to.length) < 0;
  }

  static byte[] encode(List<RangeTombstone> tombstones) {
    long size = Varints.SIZE_MAX;
    for (RangeTombstone tombstone : tombstones) {
      byte[] to = tombstone.to();
      size += 3L * Varints.SIZE_MAX + tombstone.from().length + (to == null ? 0 : to.length);
    }
    byte[] bytes = new byte[Math.toIntExact(size)];
    int at = Varints.write(bytes, 0, tombstones.size());
    for (RangeTombstone tombstone : tombstones) {
      byte[] to = tombstone.to();
      at = writeKey(bytes, at, tombstone.from());
      at = writeKey(bytes, at, to == null ? new byte[0] : to);
      at = Varints.write(bytes, at, tombstone.sequence());
    }
    return Arrays.copyOf(bytes, at);
  }

  private static int writeKey(byte[] bytes, int offset, byte[] key) {
    int at = Varints.write(bytes, offset, key.length);
    System.arraycopy(key, 0, bytes, at, key.length);
    return at + key.length;
  }

  /// Reads the payload of a block of range tombstones; null when it is none.
  static @Nullable RangeTombstones decode(byte[] bytes, int length) {
    List<RangeTombstone> tombstones = new ArrayList<>();
    int at = 0;
    long count = Varints.read(bytes, at, length);
    if (count < 1 || count > length) {
      return null;
    }
    at += Varints.size(count);
    for (long i = 0; i < count; i++) {
      byte[] from = key(bytes, at, length);
      if (from == null || from.length == 0) {
        return null;
      }
      at += Varints.size(from.length) + from.length;
      byte[] to = key(bytes, at, length);
      if (to == null || (to.length > 0 && Bytes.compare(from, to) >= 0)) {
        return null;
      }
      at += Varints.size(to.length) + to.length;
      long sequence = Varints.read(bytes, at, length);
      if (sequence < 1 || sequence > Stamp.SEQUENCE_MAX) {
        return null;
      }
      at += Varints.size(sequence);
      RangeTombstone next = new RangeTombstone(from, to.length == 0 ? null : to, sequence);
      if (i > 0 && !isAfter(tombstones.getLast(), next)) {
        return null;
      }
      tombstones.add(next);
    }
    return at == length ? new RangeTombstones(tombstones) : null;
  }

  private static byte @Nullable [] key(byte[] bytes, int at, int limit) {
    long length = at < limit ? Varints.read(bytes, at, limit) : Varints.MALFORMED;
    if (length < 0 || length > Limits.KEY_BYTES_MAX) {
      return null;
    }
    int begin = at + Varints.size(length);
    if (length > limit - begin) {
      return null;
    }
    return Arrays.copyOfRange(bytes, begin, begin + (int) length);
  }

  /// Whether `next` may follow `before`.
  static boolean isAfter(RangeTombstone before, RangeTombstone next) {
    int order = Bytes.compare(before.from(), next.from());
    return order < 0 || (order == 0 && before.sequence() >= next.sequence());
  }
}
