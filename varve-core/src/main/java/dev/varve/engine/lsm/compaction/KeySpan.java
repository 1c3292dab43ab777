package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.version.SstableMeta;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All keys from the first of several sstables to the last of them, those between included: an
/// output of their merge may begin and end anywhere in it.
///
/// @param from the least key
/// @param to the least key past it, or null for no end
record KeySpan(byte[] from, byte @Nullable [] to) {
  /** Of one sstable at least. */
  static KeySpan of(List<SstableMeta> sstables) {
    byte[] from = sstables.getFirst().from();
    byte @Nullable [] to = sstables.getFirst().to();
    for (SstableMeta sstable : sstables) {
      from = Bytes.compare(sstable.from(), from) < 0 ? sstable.from() : from;
      byte @Nullable [] other = sstable.to();
      to = to == null || other == null ? null : Bytes.compare(other, to) > 0 ? other : to;
    }
    return new KeySpan(from, to);
  }

  boolean overlaps(KeySpan other) {
    byte @Nullable [] theirs = other.to;
    byte @Nullable [] ours = to;
    return (theirs == null || Bytes.compare(from, theirs) < 0)
        && (ours == null || Bytes.compare(other.from, ours) < 0);
  }
}
