package dev.varve.engine;

/// Which commits readers may see, and which moments are still being read.
///
/// A pin is a moment that a snapshot or cursor reads. Pins may appear at any time, but only at or
/// past the `visibleThrough` of their time; so a revision that is not needed by what an engine
/// reads here, in the order [#visibleThrough], then the pins, will never be needed.
///
/// @threads safe
public interface Visibility {
  /// Readers see every commit up to this number.
  long visibleThrough();

  /// No moment before this number is pinned; [Long#MAX_VALUE] when none is.
  long oldestPinned();

  /// No moment past this number, and not past `visibleThrough` as it was, is pinned; -1 when none
  /// is.
  long newestPinned();

  /// The moments that may be read: those that are pinned and, as the last, `visibleThrough`.
  /// Ascending, none twice. Whoever begins to read later reads at the last or later.
  long[] readable();
}
