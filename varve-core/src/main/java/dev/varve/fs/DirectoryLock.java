package dev.varve.fs;

import java.io.IOException;

/// A lock that is held; see [FileSystem#lock].
///
/// @threads safe
public interface DirectoryLock extends AutoCloseable {
  /// Gives the lock back. A second call does nothing.
  @Override
  void close() throws IOException;
}
