package dev.varve.engine.lsm.memtable;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Deleted ranges, cut into fragments that do not overlap.
///
/// Fragment `i` covers the keys from [#from] on and before [#to], and has the numbers of the
/// commits that deleted them, newest first; a fragment without numbers is a gap. Adding a range
/// copies the list of fragments, and lengthens each one that the range covers: it costs the number
/// of fragments.
///
/// @threads immutable
public final class RangeTombstones {
  private static final long[] NO_SEQUENCES = {};

  /// No range.
  public static final RangeTombstones NONE =
      new RangeTombstones(new byte[0][], new long[0][], 0, 0);

  /** Rising; the keys before the first one are a gap. */
  private final byte[][] starts;

  private final long[][] sequences;
  private final int count;
  private final long memoryBytes;

  private RangeTombstones(byte[][] starts, long[][] sequences, int count, long memoryBytes) {
    this.starts = starts;
    this.sequences = sequences;
    this.count = count;
    this.memoryBytes = memoryBytes;
  }

  /// These ranges and the keys from `from` on and before `to`, or all from `from` on where it is
  /// null, deleted by commit `sequence`, which is not less than any before.
  RangeTombstones with(byte[] from, byte @Nullable [] to, long sequence) {
    int capacity = starts.length + 2;
    byte[][] newStarts = new byte[capacity][];
    long[][] newSequences = new long[capacity][];
    int size = 0;
    long[] before = NO_SEQUENCES;
    boolean fromDone = false;
    boolean toDone = to == null;
    for (int i = 0; i <= starts.length; i++) {
      byte[] start = i < starts.length ? starts[i] : null;
      int toFrom = start == null ? 1 : Bytes.compare(start, from);
      if (!fromDone && toFrom >= 0) {
        fromDone = true;
        if (toFrom > 0) {
          newStarts[size] = from;
          newSequences[size++] = covered(before, sequence);
        }
      }
      int toTo = to == null ? -1 : start == null ? 1 : Bytes.compare(start, to);
      if (!toDone && toTo >= 0) {
        toDone = true;
        if (toTo > 0) {
          newStarts[size] = to;
          newSequences[size++] = before.length == 0 ? before : before.clone();
        }
      }
      if (start != null) {
        before = sequences[i];
        newStarts[size] = start;
        newSequences[size++] = toFrom >= 0 && toTo < 0 ? covered(before, sequence) : before;
      }
    }
    newStarts = Arrays.copyOf(newStarts, size);
    newSequences = Arrays.copyOf(newSequences, size);
    return new RangeTombstones(newStarts, newSequences, count + 1, bytes(newStarts, newSequences));
  }

  private static long[] covered(long[] before, long sequence) {
    if (before.length > 0 && before[0] == sequence) {
      return before.clone();
    }
    long[] covered = new long[before.length + 1];
    covered[0] = sequence;
    System.arraycopy(before, 0, covered, 1, before.length);
    return covered;
  }

  private static long bytes(byte[][] starts, long[][] sequences) {
    long bytes =
        HeapLayout.bytesOfObject(2, Integer.BYTES + Long.BYTES)
            + HeapLayout.bytesOf(starts)
            + HeapLayout.bytesOf(sequences);
    for (int i = 0; i < starts.length; i++) {
      bytes += HeapLayout.bytesOf(starts[i]);
      bytes += sequences[i].length == 0 ? 0 : HeapLayout.bytesOf(sequences[i]);
    }
    return bytes;
  }

  /// How many ranges were added.
  public int count() {
    return count;
  }

  /// What the list takes, in bytes.
  long memoryBytes() {
    return memoryBytes;
  }

  /// How many fragments there are, gaps included.
  public int fragmentCount() {
    return starts.length;
  }

  /// The least key of a fragment; it is not copied and must not be changed.
  public byte[] from(int fragment) {
    return starts[fragment];
  }

  /// The least key past a fragment, or null when it has no upper end; it is not copied and must not
  /// be changed.
  public byte @Nullable [] to(int fragment) {
    return fragment + 1 < starts.length ? starts[fragment + 1] : null;
  }

  /// How many commits deleted a fragment; 0 for a gap.
  public int sequenceCount(int fragment) {
    return sequences[fragment].length;
  }

  /// The number of a commit that deleted a fragment; 0 is the newest.
  public long sequence(int fragment, int index) {
    return sequences[fragment][index];
  }

  /// The number of the newest commit, up to `sequence`, that deleted a key; 0 when none did.
  public long covering(byte[] key, int offset, int length, long sequence) {
    int low = 0;
    int high = starts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      byte[] start = starts[middle];
      if (Bytes.compare(start, 0, start.length, key, offset, length) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? 0 : newestThrough(sequences[low - 1], sequence);
  }

  private static long newestThrough(long[] falling, long sequence) {
    int low = 0;
    int high = falling.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (falling[middle] > sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == falling.length ? 0 : falling[low];
  }
}
