package dev.varve.bench;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A walk over a product whose iterators go in one direction: when the direction changes it begins
/// a new one where it stands.
///
/// @threads one at a time
public final class DirectedWalk implements OrderedStore.Walk {
  /// An iterator. It stands before its first entry.
  public interface Steps {
    /// Moves to the next entry in its direction, if there is one.
    boolean advance();

    /// A copy of the entry's key.
    byte[] key();

    /// A copy of the entry's value.
    byte[] value();
  }

  /// Makes iterators.
  @FunctionalInterface
  public interface Source {
    /// An iterator that begins with `from`, or where there is no such key with the next one in its
    /// direction; with the first or the last entry when `from` is null.
    Steps begin(byte @Nullable [] from, boolean forward);
  }

  private final Source source;
  private Steps steps;
  private boolean forward = true;

  /// @param source where entries come from
  public DirectedWalk(Source source) {
    this.source = source;
    this.steps = source.begin(null, true);
  }

  private boolean begin(byte @Nullable [] from, boolean ahead) {
    steps = source.begin(from, ahead);
    forward = ahead;
    return steps.advance();
  }

  private boolean turn(boolean ahead) {
    byte[] here = steps.key();
    boolean stands = begin(here, ahead);
    return (stands && Arrays.equals(steps.key(), here)) ? steps.advance() : stands;
  }

  @Override
  public boolean first() {
    return begin(null, true);
  }

  @Override
  public boolean last() {
    return begin(null, false);
  }

  @Override
  public boolean seek(byte[] key) {
    return begin(key, true);
  }

  @Override
  public boolean next() {
    return forward ? steps.advance() : turn(true);
  }

  @Override
  public boolean previous() {
    return forward ? turn(false) : steps.advance();
  }

  @Override
  public byte[] key() {
    return steps.key();
  }

  @Override
  public byte[] value() {
    return steps.value();
  }

  @Override
  public void close() {
    // An iterator that nobody asks any more holds nothing.
  }
}
