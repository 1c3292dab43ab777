package dev.varve.engine.btree.heap;

/// Keeps all objects of a moment readable, and the files that lead to them.
///
/// @threads safe
/// @lifetime until [#close]
@SuppressWarnings("DoNotCallSuggester") // until it is built
public final class HeapPin implements AutoCloseable {
  HeapPin() {}

  /// The objects of the moment hold everything up to this sequence number.
  public long cut() {
    throw new UnsupportedOperationException();
  }

  /// The note of the moment.
  public byte[] note() {
    throw new UnsupportedOperationException();
  }

  /// Lets objects and files go.
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
