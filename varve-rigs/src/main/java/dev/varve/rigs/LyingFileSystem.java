package dev.varve.rigs;

import dev.varve.format.StoreFileName;
import dev.varve.fs.DirectoryLock;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MapMode;
import dev.varve.fs.MappedRegion;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A file system that tells one [Lie]. A store on top of it behaves as one with a bug.
///
/// @threads one at a time
final class LyingFileSystem implements FileSystem {
  /** A write of this length is not the kind that a lie about short writes concerns. */
  private static final int SHORT_WRITE_BYTES_MIN = 128;

  private final FileSystem below;
  private final Lie lie;
  private final Map<Path, byte[]> firstRead = new HashMap<>();
  private boolean sstableNamed;

  LyingFileSystem(FileSystem below, Lie lie) {
    this.below = below;
    this.lie = lie;
  }

  private static boolean isSegment(Path path) {
    return StoreFileName.parse(name(path)) instanceof StoreFileName.Segment;
  }

  private static boolean isCatalog(Path path) {
    return name(path).startsWith(StoreFileName.CATALOG);
  }

  private static boolean isManifest(Path path) {
    return StoreFileName.parse(name(path)) instanceof StoreFileName.Manifest;
  }

  /** Under its own name, or a temporary one. */
  private static boolean isSstable(Path path) {
    return name(path).contains(".sst");
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  /** A call that writes. */
  private interface Writing {
    void run() throws IOException;
  }

  private void sync(Path path, boolean first, Writing sync) throws IOException {
    boolean skipped =
        switch (lie) {
          case SEGMENT_SYNC_SKIPPED -> isSegment(path);
          case FORCE_SKIPPED -> isSegment(path) && !first;
          case CATALOG_SYNC_SKIPPED -> isCatalog(path);
          case SNAPSHOT_SYNC_SKIPPED -> !isSegment(path) && !isCatalog(path);
          case SSTABLE_SYNC_SKIPPED -> isSstable(path);
          case EDIT_SYNC_SKIPPED -> isManifest(path);
          case HEAP_SYNC_SKIPPED -> StoreFileName.parse(name(path)) instanceof StoreFileName.Heap;
          case HEAP_MAP_SYNC_SKIPPED ->
              StoreFileName.parse(name(path)) instanceof StoreFileName.HeapMap;
          default -> false;
        };
    if (skipped) {
      return;
    }
    try {
      sync.run();
    } catch (IOException e) {
      if (lie == Lie.SYNC_RETRIED) {
        sync.run();
      } else if (lie != Lie.SYNC_ERROR_SWALLOWED) {
        throw e;
      }
    }
  }

  private void write(Path path, Writing write) throws IOException {
    try {
      write.run();
    } catch (NoSpaceException e) {
      if (lie == Lie.FULL_DISK_REPORTED_AS_BROKEN) {
        throw new FileSystemException(path.toString(), null, "Input/output error");
      }
      if (lie != Lie.WRITE_ERROR_SWALLOWED) {
        throw e;
      }
    } catch (IOException e) {
      if (lie != Lie.WRITE_ERROR_SWALLOWED) {
        throw e;
      }
    }
  }

  @Override
  public StoreFile create(Path path) throws IOException {
    return new LyingFile(below.create(path));
  }

  @Override
  public StoreFile open(Path path, OpenMode mode) throws IOException {
    return new LyingFile(below.open(path, mode));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    if (lie == Lie.RENAME_NOT_ATOMIC && below.exists(to)) {
      below.delete(to);
      Path parent = to.getParent();
      if (parent != null) {
        below.syncDirectory(parent);
      }
    }
    below.rename(from, to);
    sstableNamed = isSstable(to);
  }

  @Override
  public void link(Path existing, Path added) throws IOException {
    below.link(existing, added);
  }

  @Override
  public void delete(Path path) throws IOException {
    below.delete(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return below.list(directory);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return below.exists(path);
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    return below.isDirectory(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    below.createDirectories(directory);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    boolean skipped =
        lie == Lie.DIRECTORY_SYNC_SKIPPED || (lie == Lie.SSTABLE_NAME_NOT_SYNCED && sstableNamed);
    sstableNamed = false;
    if (!skipped) {
      below.syncDirectory(directory);
    }
  }

  @Override
  public DirectoryLock lock(Path path) throws IOException {
    return below.lock(path);
  }

  @Override
  public long usableSpace(Path directory) throws IOException {
    return below.usableSpace(directory);
  }

  @Override
  public String toString() {
    return "lie " + lie + " over " + below;
  }

  /** A file that lies. */
  private final class LyingFile implements StoreFile {
    private final StoreFile file;
    private boolean synced;

    LyingFile(StoreFile file) {
      this.file = file;
    }

    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public long size() throws IOException {
      byte[] first = firstRead.get(path());
      return first == null ? file.size() : first.length;
    }

    @Override
    public int read(long position, MemorySegment target) throws IOException {
      if (lie == Lie.STALE_CATALOG_READ && isCatalog(path())) {
        return readFirst(position, target);
      }
      try {
        return file.read(position, target);
      } catch (IOException e) {
        if (lie != Lie.READ_ERROR_GIVES_ZEROS) {
          throw e;
        }
        target.fill((byte) 0);
        return (int) Math.min(target.byteSize(), Math.max(0, file.size() - position));
      }
    }

    private int readFirst(long position, MemorySegment target) throws IOException {
      byte[] first = firstRead.get(path());
      if (first == null) {
        first = new byte[(int) file.size()];
        file.readFully(0, MemorySegment.ofArray(first));
        firstRead.put(path(), first);
      }
      int count = (int) Math.clamp(first.length - position, 0, target.byteSize());
      MemorySegment.copy(first, (int) position, target, ValueLayout.JAVA_BYTE, 0, count);
      return count;
    }

    @Override
    public void write(long position, MemorySegment source) throws IOException {
      boolean cut =
          lie == Lie.SHORT_WRITE_REPORTED_WHOLE && source.byteSize() >= SHORT_WRITE_BYTES_MIN;
      MemorySegment taken = cut ? source.asSlice(0, source.byteSize() / 2) : source;
      LyingFileSystem.this.write(path(), () -> file.write(position, taken));
    }

    @Override
    public void preallocate(long size) throws IOException {
      LyingFileSystem.this.write(path(), () -> file.preallocate(size));
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void sync(SyncMode mode) throws IOException {
      LyingFileSystem.this.sync(path(), !synced, () -> file.sync(mode));
      synced = true;
    }

    @Override
    public MappedRegion map(MapMode mode) throws IOException {
      return new LyingRegion(path(), file.map(mode));
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** A mapping that lies. */
  private final class LyingRegion implements MappedRegion {
    private final Path path;
    private final MappedRegion region;

    LyingRegion(Path path, MappedRegion region) {
      this.path = path;
      this.region = region;
    }

    @Override
    public MemorySegment segment() {
      return region.segment();
    }

    @Override
    public void force(long from, long to) throws IOException {
      LyingFileSystem.this.sync(path, false, () -> region.force(from, to));
    }

    @Override
    public void close() throws IOException {
      region.close();
    }
  }
}
