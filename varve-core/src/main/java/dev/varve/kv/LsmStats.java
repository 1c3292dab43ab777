package dev.varve.kv;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Figures of a keyspace of the engine LSM. What is counted, is counted since the store was opened;
/// what recovery reads from the log is written once more, and counts.
///
/// @param levels the levels, from 0 down to the deepest that has files
/// @param memtables what is in memory and not in files
/// @param reads what look-ups of single keys cost
/// @param flushes what was written of memtables
/// @param compactions what was rewritten
/// @param stalls how writers were held up
/// @param writtenBytes the bytes of all keys and values that callers wrote, keys of deletes
///   included
/// @param liveFileBytes about how many bytes of the files hold what is the newest of its key: those
///   of the deepest files, and of the files above them that overlap no deeper one. A guess that is
///   good once most of the data is in the deepest level
public record LsmStats(
    List<Level> levels,
    Memtables memtables,
    Reads reads,
    Flushes flushes,
    Compactions compactions,
    StallStats stalls,
    long writtenBytes,
    long liveFileBytes) {

  /// A level.
  ///
  /// @param level its number; 0 has what was flushed last
  /// @param files how many files it has
  /// @param bytes how long they are together
  /// @param entries how many entries they have, tombstones included
  public record Level(int level, int files, long bytes, long entries) {}

  /// Memtables.
  ///
  /// @param activeBytes the memory of the one that takes what is written, in bytes
  /// @param sealed how many are full and wait to be written
  /// @param sealedBytes their memory, in bytes
  /// @param bytesMax with so many bytes one is full
  public record Memtables(long activeBytes, int sealed, long sealedBytes, long bytesMax) {}

  /// Look-ups of single keys.
  ///
  /// @param gets how many there were
  /// @param files how many files they asked in all, be it their filters alone
  /// @param blocks how many blocks of entries they looked into, from the cache or the device
  /// @param filterUseful how often a filter knew that its file has no entry of the key
  /// @param filterFalsePositives how often a filter let a key pass of which its file had no entry,
  ///   or only newer ones than were asked for
  public record Reads(
      long gets, long files, long blocks, long filterUseful, long filterFalsePositives) {
    /// Files asked per look-up; 0 when there was none.
    public double filesPerGet() {
      return ratio(files, gets);
    }

    /// The read amplification: blocks looked into per look-up; 0 when there was none.
    public double blocksPerGet() {
      return ratio(blocks, gets);
    }
  }

  /// Flushes.
  ///
  /// @param count how many memtables were written
  /// @param bytes the length of the files that made
  /// @param nanos how long that took, in nanoseconds
  /// @param failed how many attempts failed, and are made again
  /// @param lastFailure why the last attempt failed, or null when it did not
  public record Flushes(
      long count, long bytes, long nanos, long failed, @Nullable String lastFailure) {}

  /// Compactions. `submitted` is always the sum of `succeeded`, `failed`, `cancelled`, `coalesced`
  /// and `running`: one is decided on only when a thread is free for it, so none waits in a queue.
  ///
  /// @param submitted merges and moves that were begun, and manual ones that joined another
  /// @param succeeded how many of them were installed
  /// @param failed how many failed; their inputs are as they were
  /// @param cancelled how many were cancelled; their inputs are as they were
  /// @param coalesced manual ones that waited for another which had not begun yet
  /// @param running how many are under way
  /// @param moves how many of those that succeeded moved a file without rewriting it
  /// @param bytesRead the length of the inputs of merges that succeeded
  /// @param bytesWritten the length of all complete outputs, those of failed merges included
  /// @param lastFailure why the last one that failed did, or null when none has
  public record Compactions(
      long submitted,
      long succeeded,
      long failed,
      long cancelled,
      long coalesced,
      long running,
      long moves,
      long bytesRead,
      long bytesWritten,
      @Nullable String lastFailure) {}

  public LsmStats {
    levels = List.copyOf(levels);
  }

  private static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /// The write amplification of flushes: bytes of files they wrote per byte that callers wrote; 0
  /// while that is nothing. The log's is [StoreStats#logAmplification].
  public double flushAmplification() {
    return ratio(flushes.bytes, writtenBytes);
  }

  /// The write amplification of compactions: bytes of files they wrote per byte that callers wrote;
  /// 0 while that is nothing.
  public double compactionAmplification() {
    return ratio(compactions.bytesWritten, writtenBytes);
  }

  /// The space amplification: bytes of files per byte of [#liveFileBytes]; 0 without files.
  public double spaceAmplification() {
    return ratio(levels.stream().mapToLong(Level::bytes).sum(), liveFileBytes);
  }
}
