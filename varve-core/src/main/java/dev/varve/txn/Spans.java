package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.kv.KeyRange;
import org.jspecify.annotations.Nullable;

/// How ranges lie to one another.
///
/// @threads stateless
final class Spans {
  private Spans() {}

  /// Whether some key may be in both.
  static boolean overlap(KeyRange a, KeyRange b) {
    return !a.isEmpty()
        && !b.isEmpty()
        && beginsBefore(a.from(), b.to())
        && beginsBefore(b.from(), a.to());
  }

  private static boolean beginsBefore(byte @Nullable [] from, byte @Nullable [] to) {
    return from == null || to == null || Bytes.compare(from, to) < 0;
  }
}
