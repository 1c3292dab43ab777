package dev.varve.engine.lsm.compaction;

/// What compaction may take of the machine.
///
/// @param jobs how many threads it uses at most at the same time
/// @param slices into how many pieces, each on a thread, a merge is divided at most
/// @param bytesPerSecond how many bytes of keys and values all merges together read in a second at
///   most; 0 for no limit
public record CompactionLimits(int jobs, int slices, long bytesPerSecond) {
  /// Two threads, of which a merge may use both, as fast as they can.
  public static final CompactionLimits DEFAULTS = new CompactionLimits(2, 2, 0);

  /// @throws IllegalArgumentException when a value is outside its limits
  public CompactionLimits {
    if (jobs < 1 || slices < 1 || bytesPerSecond < 0) {
      throw new IllegalArgumentException(
          jobs + " jobs of " + slices + " slices with " + bytesPerSecond + " bytes a second");
    }
  }
}
