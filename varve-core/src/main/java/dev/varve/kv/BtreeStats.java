package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// Figures of a keyspace of the engine BTREE. What is counted, is counted since the store was
/// opened; what recovery reads from the log is written once more, and counts.
///
/// @param tree its shape
/// @param cache leaves in memory
/// @param reads what came from the device
/// @param flushes what was written
/// @param heap its files
/// @param writtenBytes the bytes of all keys and values that callers wrote, keys of deletes
///   included
public record BtreeStats(
    Tree tree, Cache cache, Reads reads, Flushes flushes, Heap heap, long writtenBytes) {

  /// The tree.
  ///
  /// @param height how many nodes a way from the root has, the leaf included
  /// @param leaves how many leaves there are
  /// @param order how many entries a leaf, and children an inner node, may have that is made now
  /// @param innerBytes the memory of inner nodes and of what is known of each leaf, in bytes
  /// @param splits how often a leaf was divided
  /// @param merges how often two leaves became one
  public record Tree(
      int height, long leaves, int order, long innerBytes, long splits, long merges) {}

  /// Leaves in memory.
  ///
  /// @param hits how often a leaf was asked for that was in memory
  /// @param misses how often one had to be read
  /// @param evictions how often one had to leave memory
  /// @param leaves how many are in memory
  /// @param bytes what they take, in bytes, changed ones included
  /// @param dirtyBytes what those take that wait to be written, in bytes
  public record Cache(
      long hits, long misses, long evictions, long leaves, long bytes, long dirtyBytes) {
    /// The share of look-ups that found their leaf in memory, 0 to 1; 0 when there was none.
    public double hitRate() {
      return ratio(hits, hits + misses);
    }
  }

  /// Leaves that were read.
  ///
  /// @param count how many
  /// @param bytes the length of their pages
  /// @param nanos how long reading them took, in nanoseconds
  /// @param nanosMax how long the longest read took, in nanoseconds
  /// @param decodeNanos how long making entries of pages took, in nanoseconds
  /// @param decodeNanosMax how long that took for one, at most, in nanoseconds
  public record Reads(
      long count, long bytes, long nanos, long nanosMax, long decodeNanos, long decodeNanosMax) {}

  /// Flushes: each writes what changed in one epoch, all of it or nothing.
  ///
  /// @param count how many there were
  /// @param leaves how many leaves they wrote, or took from the device
  /// @param nanos how long they took, in nanoseconds
  /// @param nanosMax how long the longest took, in nanoseconds
  /// @param serialize the time for making pages and writing them
  /// @param defragment the time for moving objects together
  /// @param commit the time for making the log, the heap and its map durable
  /// @param publish the time for having readers find what was written
  /// @param failed how many attempts failed, and are made again
  /// @param lastFailure why the last attempt failed, or null when it did not
  public record Flushes(
      long count,
      long leaves,
      long nanos,
      long nanosMax,
      Phase serialize,
      Phase defragment,
      Phase commit,
      Phase publish,
      long failed,
      @Nullable String lastFailure) {}

  /// A phase of all flushes.
  ///
  /// @param nanos how long it took in all of them together, in nanoseconds
  /// @param nanosMax how long it took in one of them at most, in nanoseconds
  public record Phase(long nanos, long nanosMax) {}

  /// Files.
  ///
  /// @param fileBytes the length of the heap's file
  /// @param mapBytes the length of the map of what is where in it
  /// @param liveBytes the slots of what there is, in bytes
  /// @param fill what part of the heap's file that is, 0 to 1
  /// @param objects leaves and values that are kept apart
  /// @param values how many of these are values
  /// @param bytesWritten what was written to the heap's file, in bytes
  /// @param mapBytesWritten what was written to maps, in bytes
  /// @param mapsReplaced how often a short map took the place of a long one
  /// @param objectsMoved how many objects were moved to have the file shorter
  /// @param bytesMoved their slots, in bytes
  /// @param unreadable how many objects could not be moved since they cannot be read
  /// @param unreadableMessage what is wrong with the first of them, or null
  public record Heap(
      long fileBytes,
      long mapBytes,
      long liveBytes,
      double fill,
      long objects,
      long values,
      long bytesWritten,
      long mapBytesWritten,
      long mapsReplaced,
      long objectsMoved,
      long bytesMoved,
      long unreadable,
      @Nullable String unreadableMessage) {}

  private static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /// The write amplification: bytes of files written per byte that callers wrote; 0 while that is
  /// nothing. The log's is [StoreStats#logAmplification].
  public double writeAmplification() {
    return ratio(heap.bytesWritten + heap.mapBytesWritten, writtenBytes);
  }
}
