package dev.varve.bench;

import dev.varve.fs.DirectoryLock;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MapMode;
import dev.varve.fs.MappedRegion;
import dev.varve.fs.OpenMode;
import dev.varve.fs.OsFileSystem;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// The operating system's files, with a count of the bytes that are written to new ones: what a
/// store really wrote, whatever its own statistics say. Files that are opened again, for reading,
/// are the operating system's own, so reads take no notice of it.
///
/// @threads safe
final class CountingFileSystem implements FileSystem {
  private static final String TEMPORARY = ".tmp";

  private final FileSystem system = OsFileSystem.INSTANCE;
  private final Map<String, LongAdder> written = new ConcurrentHashMap<>();

  /// The bytes written to files whose names end with `suffix`, before or after they lost the name
  /// of a temporary file.
  long bytesWritten(String suffix) {
    LongAdder count = written.get(suffix);
    return count == null ? 0 : count.sum();
  }

  private static String suffix(Path path) {
    String name = path.getFileName().toString();
    String plain =
        name.endsWith(TEMPORARY) ? name.substring(0, name.length() - TEMPORARY.length()) : name;
    return plain.substring(Math.max(0, plain.lastIndexOf('.')));
  }

  @Override
  public StoreFile create(Path path) throws IOException {
    return new Counted(
        system.create(path), written.computeIfAbsent(suffix(path), _ -> new LongAdder()));
  }

  @Override
  public StoreFile open(Path path, OpenMode mode) throws IOException {
    return system.open(path, mode);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    system.rename(from, to);
  }

  @Override
  public void link(Path existing, Path added) throws IOException {
    system.link(existing, added);
  }

  @Override
  public void delete(Path path) throws IOException {
    system.delete(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return system.list(directory);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return system.exists(path);
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    return system.isDirectory(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    system.createDirectories(directory);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    system.syncDirectory(directory);
  }

  @Override
  public DirectoryLock lock(Path path) throws IOException {
    return system.lock(path);
  }

  @Override
  public long usableSpace(Path directory) throws IOException {
    return system.usableSpace(directory);
  }

  /** A file whose writes are counted. */
  private record Counted(StoreFile file, LongAdder count) implements StoreFile {
    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public int read(long position, MemorySegment target) throws IOException {
      return file.read(position, target);
    }

    @Override
    public void write(long position, MemorySegment source) throws IOException {
      file.write(position, source);
      count.add(source.byteSize());
    }

    @Override
    public void preallocate(long size) throws IOException {
      file.preallocate(size);
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void sync(SyncMode mode) throws IOException {
      file.sync(mode);
    }

    @Override
    public MappedRegion map(MapMode mode) throws IOException {
      return file.map(mode);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
