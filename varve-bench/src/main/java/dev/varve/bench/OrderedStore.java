package dev.varve.bench;

/// A store under measurement that keeps its entries in the order of their keys, as unsigned bytes.
///
/// @threads as [MeasuredStore]
public interface OrderedStore extends MeasuredStore {
  /// A new walk over the entries as they are now.
  Walk walk();

  /// A walk in the order of keys. It stands on no entry until it is moved; each move answers
  /// whether it stands on one.
  interface Walk extends AutoCloseable {
    /// Moves to the first entry.
    boolean first();

    /// Moves to the last entry.
    boolean last();

    /// Moves to the first entry whose key is `key` or greater.
    boolean seek(byte[] key);

    /// Moves to the next entry.
    boolean next();

    /// Moves to the previous entry.
    boolean previous();

    /// The key of the entry.
    byte[] key();

    /// The value of the entry.
    byte[] value();

    @Override
    void close();
  }
}
