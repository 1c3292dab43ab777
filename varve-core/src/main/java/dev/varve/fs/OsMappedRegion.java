package dev.varve.fs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// A file mapped by the operating system.
///
/// @threads safe
final class OsMappedRegion implements MappedRegion {
  private final Path path;
  private final Arena arena;
  private final MemorySegment segment;

  OsMappedRegion(Path path, Arena arena, MemorySegment segment) {
    this.path = path;
    this.arena = arena;
    this.segment = segment;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public void force(long from, long to) throws IOException {
    try {
      segment.asSlice(from, to - from).force();
    } catch (UncheckedIOException e) {
      throw new IOException("cannot force " + path + " from " + from + " to " + to, e.getCause());
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
