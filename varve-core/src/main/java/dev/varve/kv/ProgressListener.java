package dev.varve.kv;

/// Hears how far long work is, and may stop it. The work waits for its answer: it may read and
/// write, but it must not begin other long work with the same store, such as a flush, nor close it.
///
/// @threads called on the thread that works, about ten times a second at most
@FunctionalInterface
public interface ProgressListener {
  /// Nobody listens.
  ProgressListener NONE = progress -> true;

  /// Takes notice. Answering false stops the work, which then throws
  /// [java.util.concurrent.CancellationException] and leaves nothing half done.
  boolean onProgress(Progress progress);
}
