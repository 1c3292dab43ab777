package dev.varve.fs;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// An open file: positional reads and writes, appends, syncs and mappings.
///
/// @threads safe; reads of one handle may wait for one another, a file that many threads read is
///   better mapped. Writes need one writer at a time.
/// @lifetime until [#close]; afterwards each call throws
///   [java.nio.channels.ClosedChannelException]. Mappings live on.
public interface StoreFile extends AutoCloseable {
  /// The name it was opened by.
  Path path();

  /// Its length in bytes.
  ///
  /// @throws IOException when the operating system cannot tell
  long size() throws IOException;

  /// Reads from `position` until `target` is full or the file ends; answers how many bytes were
  /// read, 0 at or past the end.
  ///
  /// @throws IOException when the device cannot give the bytes
  int read(long position, MemorySegment target) throws IOException;

  /// Reads exactly the bytes that fill `target`.
  ///
  /// @throws EOFException when the file ends before; it names file and position
  /// @throws IOException when the device cannot give the bytes
  default void readFully(long position, MemorySegment target) throws IOException {
    int count = read(position, target);
    if (count < target.byteSize()) {
      throw new EOFException(
          path() + " ends at " + (position + count) + ", within bytes asked for from " + position);
    }
  }

  /// Writes all of `source` at `position`, growing the file when it reaches past the end. Inside a
  /// mapping of the file the bytes are seen at once. For mapped bytes that are forced at once this
  /// is the cheaper way in: a store to mapped memory has the kernel take a fault at the first touch
  /// of a page after each force.
  ///
  /// @throws NoSpaceException when the device is full; part may be written
  /// @throws IOException when the device refuses; part may be written
  void write(long position, MemorySegment source) throws IOException;

  /// Writes all of `source` at the end and answers the position where it begins.
  ///
  /// @throws NoSpaceException when the device is full; part may be written
  /// @throws IOException when the device refuses; part may be written
  default long append(MemorySegment source) throws IOException {
    long position = size();
    write(position, source);
    return position;
  }

  /// Grows the file to `size` bytes with real zeros, so that space is allotted and later writes
  /// inside need none. Does nothing for a file that is as long already. Not synced.
  ///
  /// @throws NoSpaceException when the device is full; the file may have grown in part
  /// @throws IOException when the device refuses
  void preallocate(long size) throws IOException;

  /// Cuts the file to `size` bytes. A mapped file must not be cut.
  ///
  /// @throws IOException when the device refuses
  void truncate(long size) throws IOException;

  /// Makes what was written durable.
  ///
  /// @throws IOException when that failed; the bytes' durability is then unknown for good, and a
  ///   later sync that succeeds says nothing of them
  void sync(SyncMode mode) throws IOException;

  /// Maps the whole file, at its present length, into memory. While a mapping is in use the file
  /// must not be cut or grown.
  ///
  /// @throws IOException when the operating system refuses
  MappedRegion map(MapMode mode) throws IOException;

  @Override
  void close() throws IOException;
}
