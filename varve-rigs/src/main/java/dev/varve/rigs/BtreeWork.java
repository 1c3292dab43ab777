package dev.varve.rigs;

/// What engines of kind BTREE did in a script: a rig that never reaches it shows nothing of it.
///
/// @param epochs flushes that wrote something
/// @param splits leaves that were divided
/// @param merges leaves that became one with another
/// @param moves objects that were moved to have the file shorter
/// @param maps maps that took the place of another
/// @param values values that were kept apart
record BtreeWork(long epochs, long splits, long merges, long moves, long maps, long values) {
  static final BtreeWork NONE = new BtreeWork(0, 0, 0, 0, 0, 0);

  BtreeWork plus(BtreeWork other) {
    return new BtreeWork(
        epochs + other.epochs,
        splits + other.splits,
        merges + other.merges,
        moves + other.moves,
        maps + other.maps,
        values + other.values);
  }

  /// Counts it.
  void count(Findings findings) {
    if (equals(NONE)) {
      return;
    }
    findings.count("epochs flushed", epochs);
    findings.count("leaves divided", splits);
    findings.count("leaves joined", merges);
    findings.count("objects moved", moves);
    findings.count("maps replaced", maps);
    findings.count("values kept apart", values);
  }
}
