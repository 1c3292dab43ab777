package dev.varve.store;

import dev.varve.kv.ProgressListener;
import dev.varve.kv.VerifyReport;

/// placeholder
final class Verifier {
  Verifier(StoreCore core, ProgressListener listener) {}

  VerifyReport run(boolean deep) {
    throw new IllegalStateException();
  }
}
