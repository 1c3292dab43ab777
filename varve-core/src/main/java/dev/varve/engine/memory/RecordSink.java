package dev.varve.engine.memory;

/// Takes addresses of newest records, one by one.
@FunctionalInterface
interface RecordSink {
  /// Takes one; answers whether to go on.
  boolean take(int address);
}
