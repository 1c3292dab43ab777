package dev.varve.fs;

/// What a power cut leaves of a [MemoryFileSystem]: how much of the bytes and names that were never
/// synced. The same seed and mode give the same image of the same state.
///
/// @param seed decides every choice that the mode leaves open
/// @param mode which kind of damage
public record CrashImage(long seed, Mode mode) {
  /// Kinds of damage. What was synced survives in each.
  public enum Mode {
    /// Nothing but what was synced.
    SYNCED_ONLY,
    /// Everything, as if the machine had stopped a moment after its last write-back.
    ALL,
    /// Any subset of the blocks of 4 KiB, in any order, and any subset of the names.
    RANDOM_BLOCKS,
    /// Any subset of the sectors of 512 bytes: writes torn in the middle.
    TORN_SECTORS,
    /// Files as long as they were, the bytes past the synced length zero.
    GROWN_ZERO,
    /// Files as long as they were, the bytes past the synced length somebody's old bytes.
    GROWN_STALE,
    /// All bytes, any subset of the names.
    NAMES_SUBSET,
    /// All bytes and names, but each rename not yet synced is undone.
    RENAMES_REVERTED,
    /// All bytes and names, but each deletion not yet synced is undone.
    DELETES_UNDONE
  }

  @Override
  public String toString() {
    return mode + " with seed " + seed;
  }
}
