package dev.varve.cli.console;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/// Buffered output that remembers its first failure instead of throwing it, so that a command ends
/// quietly when its reader has gone and tells of a full disk once.
///
/// @threads one at a time
final class TrackedOutput {
  private static final int BUFFER = 1 << 16;

  private final BufferedOutputStream stream;
  private @Nullable IOException failure;

  TrackedOutput(OutputStream stream) {
    this.stream = new BufferedOutputStream(stream, BUFFER);
  }

  void write(byte[] bytes) {
    if (failure == null) {
      try {
        stream.write(bytes);
      } catch (IOException e) {
        failure = e;
      }
    }
  }

  void flush() {
    if (failure == null) {
      try {
        stream.flush();
      } catch (IOException e) {
        failure = e;
      }
    }
  }

  @Nullable IOException failure() {
    return failure;
  }
}
