package dev.varve.rigs;

import dev.varve.kv.KeyRange;
import dev.varve.model.Step;

/// The ranges of steps as the store takes them.
final class Ranges {
  private Ranges() {}

  static KeyRange of(Step.DeleteRange range) {
    byte[] from = range.from();
    byte[] to = range.to();
    if (from == null) {
      return to == null ? KeyRange.all() : KeyRange.lessThan(to);
    }
    return to == null ? KeyRange.atLeast(from) : KeyRange.of(from, to);
  }
}
