package dev.varve.fs;

import dev.varve.fs.FileOperation.Kind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A file system that goes wrong when its rules say so, and tells an observer of every operation.
///
/// Sync failures do to the pages what [SyncFailure] says where the file system below is a
/// [MemoryFileSystem]; elsewhere the sync just fails without being done.
///
/// @threads safe; rules may be added and removed at any time
public final class FaultFileSystem implements FileSystem {
  private final FileSystem below;
  private final Consumer<FileOperation> observer;
  private final List<FaultRule> rules = new CopyOnWriteArrayList<>();
  private final AtomicLong operations = new AtomicLong();

  /// Without rules and without an observer.
  public FaultFileSystem(FileSystem below) {
    this(below, operation -> {});
  }

  /// With an observer that is told of every operation just before it is carried out, on the thread
  /// that asks for it.
  public FaultFileSystem(FileSystem below, Consumer<FileOperation> observer) {
    this.below = below;
    this.observer = observer;
  }

  /// Adds a rule. The first rule that decides for a fault wins.
  public FaultFileSystem with(FaultRule rule) {
    rules.add(rule);
    return this;
  }

  /// Removes all rules: the device works again.
  public void heal() {
    rules.clear();
  }

  /// How many operations were asked for so far; the next one has this index.
  public long operationCount() {
    return operations.get();
  }

  /**
   * Counts and announces an operation, has its fault strike, and answers one left to the caller.
   */
  private @Nullable Fault begin(Kind kind, Path path, long position, long length)
      throws IOException {
    FileOperation operation =
        new FileOperation(operations.getAndIncrement(), kind, path, position, length);
    observer.accept(operation);
    for (FaultRule rule : rules) {
      switch (rule.decide(operation)) {
        case null -> {}
        case Fault.Refused(Fault.Errno error) -> throw error.exception(operation);
        case Fault.Slow(java.time.Duration delay) -> {
          sleep(delay.toNanos());
          return null;
        }
        case Fault.CutShort cut -> {
          if (kind != Kind.READ && kind != Kind.WRITE && kind != Kind.PREALLOCATE) {
            throw cut.error().exception(operation);
          }
          return cut;
        }
        case Fault.SyncFails fails -> {
          if (kind == Kind.SYNC || kind == Kind.FORCE) {
            if (below instanceof MemoryFileSystem memory) {
              long to = kind == Kind.SYNC ? Long.MAX_VALUE : position + length;
              memory.failSync(path, position, to, fails.failure());
            }
          }
          throw fails.error().exception(operation);
        }
        case Fault.BitFlip flip -> {
          return flip;
        }
      }
    }
    return null;
  }

  private void plain(Kind kind, Path path) throws IOException {
    Fault _ = begin(kind, path, 0, 0);
  }

  private static void sleep(long nanos) {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0; left = end - System.nanoTime()) {
      java.util.concurrent.locks.LockSupport.parkNanos(left);
    }
  }

  private static IOException strike(Fault.CutShort cut, Kind kind, Path path, long position) {
    return cut.error().exception(new FileOperation(-1, kind, path, position, cut.bytes()));
  }

  @Override
  public StoreFile create(Path path) throws IOException {
    plain(Kind.CREATE, path);
    return new FaultFile(below.create(path));
  }

  @Override
  public StoreFile open(Path path, OpenMode mode) throws IOException {
    plain(Kind.OPEN, path);
    return new FaultFile(below.open(path, mode));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    plain(Kind.RENAME, to);
    below.rename(from, to);
  }

  @Override
  public void link(Path existing, Path added) throws IOException {
    plain(Kind.LINK, added);
    below.link(existing, added);
  }

  @Override
  public void delete(Path path) throws IOException {
    plain(Kind.DELETE, path);
    below.delete(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    plain(Kind.LIST, directory);
    return below.list(directory);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    plain(Kind.EXISTS, path);
    return below.exists(path);
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    plain(Kind.EXISTS, path);
    return below.isDirectory(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    plain(Kind.CREATE_DIRECTORIES, directory);
    below.createDirectories(directory);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    plain(Kind.SYNC_DIRECTORY, directory);
    below.syncDirectory(directory);
  }

  @Override
  public DirectoryLock lock(Path path) throws IOException {
    plain(Kind.LOCK, path);
    return below.lock(path);
  }

  @Override
  public long usableSpace(Path directory) throws IOException {
    plain(Kind.USABLE_SPACE, directory);
    return below.usableSpace(directory);
  }

  @Override
  public String toString() {
    return "faults " + rules + " over " + below;
  }

  /** A file whose operations are counted and may fail. */
  private final class FaultFile implements StoreFile {
    private final StoreFile file;

    FaultFile(StoreFile file) {
      this.file = file;
    }

    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public long size() throws IOException {
      plain(Kind.SIZE, path());
      return file.size();
    }

    @Override
    public int read(long position, MemorySegment target) throws IOException {
      Fault fault = begin(Kind.READ, path(), position, target.byteSize());
      if (fault instanceof Fault.CutShort cut) {
        file.read(position, target.asSlice(0, Math.min(cut.bytes(), target.byteSize())));
        throw strike(cut, Kind.READ, path(), position);
      }
      int count = file.read(position, target);
      if (fault instanceof Fault.BitFlip(long offset) && offset < count) {
        byte was = target.get(ValueLayout.JAVA_BYTE, offset);
        target.set(ValueLayout.JAVA_BYTE, offset, (byte) (was ^ 1));
      }
      return count;
    }

    @Override
    public void write(long position, MemorySegment source) throws IOException {
      Fault fault = begin(Kind.WRITE, path(), position, source.byteSize());
      if (fault instanceof Fault.CutShort cut) {
        file.write(position, source.asSlice(0, Math.min(cut.bytes(), source.byteSize())));
        throw strike(cut, Kind.WRITE, path(), position);
      }
      if (fault instanceof Fault.BitFlip(long offset) && offset < source.byteSize()) {
        byte[] flipped = source.toArray(ValueLayout.JAVA_BYTE);
        flipped[(int) offset] ^= 1;
        file.write(position, MemorySegment.ofArray(flipped));
        return;
      }
      file.write(position, source);
    }

    @Override
    public void preallocate(long size) throws IOException {
      Fault fault = begin(Kind.PREALLOCATE, path(), 0, size);
      if (fault instanceof Fault.CutShort cut) {
        file.preallocate(Math.min(cut.bytes(), size));
        throw strike(cut, Kind.PREALLOCATE, path(), 0);
      }
      file.preallocate(size);
    }

    @Override
    public void truncate(long size) throws IOException {
      plain(Kind.TRUNCATE, path());
      file.truncate(size);
    }

    @Override
    public void sync(SyncMode mode) throws IOException {
      plain(Kind.SYNC, path());
      file.sync(mode);
    }

    @Override
    public MappedRegion map(MapMode mode) throws IOException {
      plain(Kind.MAP, path());
      return new FaultRegion(path(), file.map(mode));
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** A mapping whose forces are counted and may fail. */
  private final class FaultRegion implements MappedRegion {
    private final Path path;
    private final MappedRegion region;

    FaultRegion(Path path, MappedRegion region) {
      this.path = path;
      this.region = region;
    }

    @Override
    public MemorySegment segment() {
      return region.segment();
    }

    @Override
    public void force(long from, long to) throws IOException {
      Fault _ = begin(Kind.FORCE, path, from, to - from);
      region.force(from, to);
    }

    @Override
    public void close() throws IOException {
      region.close();
    }
  }
}
