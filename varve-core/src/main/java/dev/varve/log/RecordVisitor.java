package dev.varve.log;

/// Is shown the records of the log in the order of their sequence numbers.
@FunctionalInterface
public interface RecordVisitor {
  /// Looks at a record with a sequence number of its own.
  ///
  /// @param array holds the payload, from `offset`, `length` bytes; valid during the call
  void visit(RecordKind kind, long sequence, byte[] array, int offset, int length);
}
