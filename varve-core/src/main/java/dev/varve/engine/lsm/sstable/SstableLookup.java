package dev.varve.engine.lsm.sstable;

import java.util.Arrays;

/// What a look-up in an sstable found, and the room that it needs to find it. Made once and used
/// for many look-ups, in one file or in several.
///
/// @threads one at a time
/// @lifetime what was found stays until the next look-up; the value's array is nobody's to change
public final class SstableLookup {
  final SstableIndex.Position position = new SstableIndex.Position();
  final EntryBlock block = new EntryBlock();

  private final ReadCounts counts = new ReadCounts();

  private long stamp;
  private byte[] array = new byte[0];
  private int offset;
  private int length;

  /// Room for look-ups.
  public SstableLookup() {}

  void found(int i, long ingestedAt) {
    long inFile = block.stamp(i);
    stamp = ingestedAt == 0 ? inFile : Stamp.of(ingestedAt, Stamp.kind(inFile));
    array = block.array();
    offset = block.valueOffset(i);
    length = block.valueLength(i);
  }

  /// What look-ups with this room counted so far.
  public ReadCounts counts() {
    return counts;
  }

  /// The sequence number of the entry.
  public long sequence() {
    return Stamp.sequence(stamp);
  }

  /// The kind of the entry, one of [Stamp].
  public int kind() {
    return Stamp.kind(stamp);
  }

  /// The array that its value stands in.
  public byte[] valueArray() {
    return array;
  }

  /// Where its value begins in [#valueArray].
  public int valueOffset() {
    return offset;
  }

  /// How many bytes its value has.
  public int valueLength() {
    return length;
  }

  /// A copy of its value.
  public byte[] value() {
    return Arrays.copyOfRange(array, offset, offset + length);
  }
}
