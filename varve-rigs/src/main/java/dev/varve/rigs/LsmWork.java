package dev.varve.rigs;

/// What engines of kind LSM did in a script: a rig that never reaches it shows nothing of it.
///
/// @param filled memtables that were full
/// @param merges compactions that rewrote sstables
/// @param moves compactions that moved one
/// @param failed compactions that failed
/// @param tombstones how many tombstones were dropped
/// @param deepest the deepest level that a merge wrote to
record LsmWork(long filled, long merges, long moves, long failed, long tombstones, int deepest) {
  static final LsmWork NONE = new LsmWork(0, 0, 0, 0, 0, 0);

  LsmWork plus(LsmWork other) {
    return new LsmWork(
        filled + other.filled,
        merges + other.merges,
        moves + other.moves,
        failed + other.failed,
        tombstones + other.tombstones,
        Math.max(deepest, other.deepest));
  }

  /// Counts it.
  void count(Findings findings) {
    if (equals(NONE)) {
      return;
    }
    findings.count("full memtables", filled);
    findings.count("merges", merges);
    findings.count("moves", moves);
    findings.count("tombstones dropped", tombstones);
    findings.count("levels below the first", deepest);
  }
}
