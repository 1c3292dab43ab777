package dev.varve.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A preallocated file that is written and synced as plainly as can be: what the device itself can
/// do.
///
/// @threads one at a time
final class Device implements AutoCloseable {
  private static final int ZEROS_BYTES = 1 << 20;

  private final FileChannel channel;
  private final long size;
  private long at;

  /// Makes a file of zeros, durably.
  ///
  /// @throws IOException when the device refuses
  Device(Path file, long size) throws IOException {
    this.size = size;
    channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
    for (long done = 0; done < size; done += zeros.capacity()) {
      write(zeros.clear(), done);
    }
    channel.force(true);
  }

  private void write(ByteBuffer bytes, long position) throws IOException {
    long to = position;
    while (bytes.hasRemaining()) {
      to += channel.write(bytes, to);
    }
  }

  /// Writes all of `bytes` behind what was written last, beginning anew at the file's end.
  ///
  /// @throws IOException when the device refuses
  void append(ByteBuffer bytes) throws IOException {
    bytes.clear();
    if (at + bytes.capacity() > size) {
      at = 0;
    }
    write(bytes, at);
    at += bytes.capacity();
  }

  /// Makes it durable, without the file's times.
  ///
  /// @throws IOException when the device refuses
  void sync() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
