package dev.varve.rigs;

import dev.varve.engine.lsm.BlobTally;

/// What engines of kind LSM did in a script: a rig that never reaches it shows nothing of it.
///
/// @param filled memtables that were full
/// @param merges compactions that rewrote sstables
/// @param moves compactions that moved one
/// @param failed compactions that failed
/// @param tombstones how many tombstones were dropped
/// @param deepest the deepest level that a merge wrote to
/// @param loads bulk loads that were taken in
/// @param blobs how blob files came and went
record LsmWork(
    long filled,
    long merges,
    long moves,
    long failed,
    long tombstones,
    int deepest,
    long loads,
    BlobTally blobs) {
  static final LsmWork NONE = new LsmWork(0, 0, 0, 0, 0, 0, 0, new BlobTally(0, 0, 0));

  LsmWork plus(LsmWork other) {
    return new LsmWork(
        filled + other.filled,
        merges + other.merges,
        moves + other.moves,
        failed + other.failed,
        tombstones + other.tombstones,
        Math.max(deepest, other.deepest),
        loads + other.loads,
        new BlobTally(
            blobs.flushed() + other.blobs.flushed(),
            blobs.moved() + other.blobs.moved(),
            blobs.gone() + other.blobs.gone()));
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
    findings.count("bulk loads", loads);
    findings.count("blob files", blobs.flushed());
    findings.count("blob files of moved values", blobs.moved());
    findings.count("blob files gone", blobs.gone());
  }
}
