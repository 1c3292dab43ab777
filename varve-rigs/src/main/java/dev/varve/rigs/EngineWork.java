package dev.varve.rigs;

/// What engines that keep entries in files did in a script.
///
/// @param lsm those of kind LSM
/// @param btree those of kind BTREE
record EngineWork(LsmWork lsm, BtreeWork btree) {
  static final EngineWork NONE = new EngineWork(LsmWork.NONE, BtreeWork.NONE);

  EngineWork plus(EngineWork other) {
    return new EngineWork(lsm.plus(other.lsm), btree.plus(other.btree));
  }

  /// Counts it.
  void count(Findings findings) {
    lsm.count(findings);
    btree.count(findings);
  }
}
