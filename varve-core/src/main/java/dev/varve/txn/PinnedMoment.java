package dev.varve.txn;

/// A moment that stays readable until it is closed.
///
/// @threads safe
public interface PinnedMoment extends AutoCloseable {
  /// The last commit that it sees.
  long sequence();

  @Override
  void close();
}
