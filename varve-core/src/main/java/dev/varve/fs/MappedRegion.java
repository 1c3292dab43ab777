package dev.varve.fs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// A file in memory: what is stored into [#segment] is in the file at once as far as other
/// processes and a kill of this one are concerned, and durable once forced.
///
/// Memory of a file can fault: when the device fails to deliver a page, or the file was cut by
/// somebody, an access throws [InternalError].
///
/// @threads safe as far as the memory is: who writes where is the caller's affair
/// @lifetime the segment may be used until [#close]; later use throws [IllegalStateException]
public interface MappedRegion extends AutoCloseable {
  /// The file's bytes; read-only for [MapMode#READ_ONLY].
  MemorySegment segment();

  /// Makes the bytes from `from` to before `to` durable.
  ///
  /// @throws IOException when that failed; the bytes' durability is then unknown for good
  void force(long from, long to) throws IOException;

  /// Ends the mapping, without forcing anything.
  @Override
  void close() throws IOException;
}
