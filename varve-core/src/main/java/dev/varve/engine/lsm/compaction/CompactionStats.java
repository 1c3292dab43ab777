package dev.varve.engine.lsm.compaction;

import java.util.List;

/// What compaction has done since its scheduler was made.
///
/// `submitted` is always the sum of `succeeded`, `failed`, `cancelled`, `coalesced` and `running`;
/// `entriesRead` that of `entriesWritten` and the entries that were dropped.
///
/// @param submitted merges and moves that were begun, and manual compactions that joined another
/// @param succeeded how many of them were installed
/// @param failed how many failed; their inputs are as they were
/// @param cancelled how many were cancelled; their inputs are as they were
/// @param coalesced manual compactions that waited for another one which had not begun yet
/// @param running how many are under way
/// @param moves how many of those that succeeded moved an sstable without rewriting it
/// @param bytesRead the lengths of the inputs of merges that succeeded, by their level
/// @param bytesWritten the lengths of their outputs, by their level, those of blob files included
/// @param bytesDiscarded the lengths of complete outputs of merges that failed or were cancelled
/// @param entriesRead how many entries the inputs had
/// @param entriesWritten how many the outputs have
/// @param entriesSuperseded how many were dropped since a newer revision hides them
/// @param entriesHidden how many were dropped since a range tombstone hides them
/// @param tombstonesDropped how many tombstones were dropped since there was nothing left to hide
/// @param rangeTombstonesRead how many range tombstones the inputs had
/// @param rangeTombstonesWritten how many the outputs have; more where they had to be cut
public record CompactionStats(
    long submitted,
    long succeeded,
    long failed,
    long cancelled,
    long coalesced,
    long running,
    long moves,
    List<Long> bytesRead,
    List<Long> bytesWritten,
    long bytesDiscarded,
    long entriesRead,
    long entriesWritten,
    long entriesSuperseded,
    long entriesHidden,
    long tombstonesDropped,
    long rangeTombstonesRead,
    long rangeTombstonesWritten) {
  public CompactionStats {
    bytesRead = List.copyOf(bytesRead);
    bytesWritten = List.copyOf(bytesWritten);
  }

  /// The bytes that compaction wrote.
  public long allBytesWritten() {
    return bytesDiscarded + bytesWritten.stream().mapToLong(Long::longValue).sum();
  }

  /// Bytes written to sstables per byte that callers wrote: what flushes and compactions wrote, by
  /// what was accepted. 0 while nothing was.
  ///
  /// @param flushedBytes the lengths of all sstables that were flushed
  /// @param acceptedBytes the keys and values that callers wrote
  public double writeAmplification(long flushedBytes, long acceptedBytes) {
    return acceptedBytes == 0 ? 0 : (double) (flushedBytes + allBytesWritten()) / acceptedBytes;
  }
}
