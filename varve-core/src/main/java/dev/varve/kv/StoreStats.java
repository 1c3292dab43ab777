package dev.varve.kv;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Figures of a store at one moment.
///
/// @param visibleThrough readers see every commit up to this number
/// @param durableThrough every commit up to this number survives a power cut
/// @param flushedThrough the engines' own files hold every commit up to this number
/// @param commits how many commits were made since the store was opened
/// @param memoryBytes what all parts hold in memory, payload included
/// @param memoryBytesMax what they may hold
/// @param snapshots how many snapshots and cursors are open
/// @param leakedHandles how many handles were forgotten since the store was opened
/// @param failed whether the store has failed
/// @param diskBytes the bytes of its log and of its keyspaces' files; the catalog and the
///   manifests, some KiB, are not counted
/// @param lastFlushFailure why the last flush in the background failed, or null; the log grows
///   until one succeeds
/// @param acceptedBytes the bytes of the commits made since the store was opened, as they were
///   handed to the log: keys, values and a few bytes for each mutation
/// @param cache the block cache's own
/// @param log the log's own
/// @param keyspaces the keyspaces', by number
public record StoreStats(
    long visibleThrough,
    long durableThrough,
    long flushedThrough,
    long commits,
    long memoryBytes,
    long memoryBytesMax,
    int snapshots,
    long leakedHandles,
    boolean failed,
    long diskBytes,
    @Nullable String lastFlushFailure,
    long acceptedBytes,
    CacheStats cache,
    LogStats log,
    List<KeyspaceStats> keyspaces) {

  public StoreStats {
    keyspaces = List.copyOf(keyspaces);
  }

  /// The write amplification of the log: bytes written to it per byte of the commits; 0 while there
  /// is none.
  public double logAmplification() {
    return acceptedBytes == 0 ? 0 : (double) log.bytes() / acceptedBytes;
  }
}
