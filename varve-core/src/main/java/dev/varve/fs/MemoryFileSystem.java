package dev.varve.fs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A file system in memory that knows what was synced and what was not.
///
/// [#crash] gives, at any moment and while others go on writing, what a power cut at that moment
/// could have left on the device.
///
/// @threads safe
/// @lifetime its files live as long as it does
public final class MemoryFileSystem implements FileSystem {
  private final boolean durabilityKept;
  private final Map<Path, MemoryDirectory> directories = new HashMap<>();
  private final Map<Path, Instant> locks = new HashMap<>();
  private final IdentityHashMap<Object, Path> openHandles = new IdentityHashMap<>();
  private long capacityBytes = Long.MAX_VALUE;

  /// An empty file system.
  public MemoryFileSystem() {
    this(true);
  }

  private MemoryFileSystem(boolean durabilityKept) {
    this.durabilityKept = durabilityKept;
  }

  /// An empty file system that takes half the memory because it does not remember what was synced:
  /// it cannot crash.
  public static MemoryFileSystem withoutCrashes() {
    return new MemoryFileSystem(false);
  }

  /// What a power cut now would leave, as a file system of its own.
  ///
  /// @throws IllegalStateException for a file system made by [#withoutCrashes]
  public synchronized MemoryFileSystem crash(CrashImage image) {
    if (!durabilityKept) {
      throw new IllegalStateException("this file system does not remember what was synced");
    }
    SplittableRandom random = new SplittableRandom(image.seed());
    MemoryFileSystem after = new MemoryFileSystem();
    IdentityHashMap<MemoryInode, MemoryInode> left = new IdentityHashMap<>();
    new TreeMap<>(directories)
        .forEach(
            (path, directory) -> {
              MemoryDirectory copy = after.directory(path);
              directory
                  .afterCrash(image.mode(), random)
                  .forEach(
                      (name, inode) ->
                          copy.add(
                              name,
                              left.computeIfAbsent(
                                  inode, i -> i.afterCrash(image.mode(), random))));
              copy.sync();
            });
    return after;
  }

  /// What a kill of the process now would leave, as a file system of its own: every file as it is
  /// seen now, no handle open and no lock held. What was synced stays apart from what was not, so
  /// that the power may be cut afterwards. A capacity stays as well.
  public synchronized MemoryFileSystem kill() {
    MemoryFileSystem after = new MemoryFileSystem(durabilityKept);
    after.capacityBytes = capacityBytes;
    IdentityHashMap<MemoryInode, MemoryInode> copies = new IdentityHashMap<>();
    directories.forEach(
        (path, directory) ->
            after.directories.put(
                path, directory.copy(inode -> copies.computeIfAbsent(inode, MemoryInode::copy))));
    return after;
  }

  /// Sets how many bytes all files together may have; writes beyond are refused with
  /// [NoSpaceException].
  public synchronized void limit(long bytes) {
    capacityBytes = bytes;
  }

  /// The bytes of a file, for looking at what a program wrote.
  ///
  /// @throws NoSuchFileException when it is missing
  public synchronized byte[] bytes(Path path) throws NoSuchFileException {
    return inode(path).bytes();
  }

  /// Replaces a file's bytes, durably, for damaging what a program wrote; makes it when missing.
  public synchronized void replaceBytes(Path path, byte[] bytes) {
    MemoryDirectory directory = directory(parent(path));
    MemoryInode inode =
        directory.names.computeIfAbsent(name(path), n -> new MemoryInode(durabilityKept));
    inode.replaceBytes(bytes);
    directory.sync();
  }

  /// The files that are open or mapped now, for finding leaks.
  public synchronized List<Path> openFiles() {
    return openHandles.values().stream().sorted().toList();
  }

  @Override
  public synchronized StoreFile create(Path path) throws IOException {
    MemoryDirectory directory = existingDirectory(parent(path));
    if (directory.names.containsKey(name(path)) || directories.containsKey(normal(path))) {
      throw new FileAlreadyExistsException(path.toString());
    }
    MemoryInode inode = new MemoryInode(durabilityKept);
    directory.add(name(path), inode);
    return opened(path, OpenMode.READ_WRITE, inode);
  }

  @Override
  public synchronized StoreFile open(Path path, OpenMode mode) throws IOException {
    if (directories.containsKey(normal(path))) {
      throw new java.nio.file.FileSystemException(path.toString(), null, "is a directory");
    }
    return opened(path, mode, inode(path));
  }

  private StoreFile opened(Path path, OpenMode mode, MemoryInode inode) {
    MemoryFile file = new MemoryFile(path, mode, inode);
    openHandles.put(file, path);
    return file;
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    MemoryInode inode = inode(from);
    MemoryDirectory source = existingDirectory(parent(from));
    MemoryDirectory target = existingDirectory(parent(to));
    if (source == target) {
      source.rename(name(from), name(to), inode);
    } else {
      target.add(name(to), inode);
      source.remove(name(from));
    }
  }

  @Override
  public synchronized void link(Path existing, Path added) throws IOException {
    MemoryInode inode = inode(existing);
    MemoryDirectory target = existingDirectory(parent(added));
    if (target.names.containsKey(name(added))) {
      throw new FileAlreadyExistsException(added.toString());
    }
    target.add(name(added), inode);
  }

  @Override
  public synchronized void delete(Path path) throws IOException {
    MemoryInode _ = inode(path);
    existingDirectory(parent(path)).remove(name(path));
  }

  @Override
  public synchronized List<String> list(Path directory) throws IOException {
    Path at = normal(directory);
    List<String> names = new ArrayList<>(existingDirectory(at).names.keySet());
    for (Path other : directories.keySet()) {
      if (at.equals(other.getParent())) {
        names.add(name(other));
      }
    }
    names.sort(null);
    return names;
  }

  @Override
  public synchronized boolean exists(Path path) {
    return isDirectory(path) || findInode(path) != null;
  }

  @Override
  public synchronized boolean isDirectory(Path path) {
    return directories.containsKey(normal(path));
  }

  @Override
  public synchronized void createDirectories(Path directory) throws IOException {
    for (Path at = normal(directory); at != null; at = at.getParent()) {
      if (findInode(at) != null) {
        throw new FileAlreadyExistsException(at.toString());
      }
      MemoryDirectory made = directory(at);
      assert made != null;
    }
  }

  @Override
  public synchronized void syncDirectory(Path directory) throws IOException {
    existingDirectory(normal(directory)).sync();
  }

  @Override
  public synchronized DirectoryLock lock(Path path) throws IOException {
    Path key = normal(path);
    Instant since = locks.get(key);
    if (since != null) {
      throw new LockHeldException(path, new LockHolder(ProcessHandle.current().pid(), since, true));
    }
    if (findInode(path) == null) {
      create(path).close();
    }
    locks.put(key, Instant.now());
    return () -> {
      synchronized (this) {
        locks.remove(key);
      }
    };
  }

  @Override
  public synchronized long usableSpace(Path directory) {
    return Math.max(0, capacityBytes - usedBytes());
  }

  private long usedBytes() {
    long used = 0;
    for (MemoryDirectory directory : directories.values()) {
      for (MemoryInode inode : directory.names.values()) {
        used += inode.size();
      }
    }
    return used;
  }

  /** Refuses growth past the capacity. */
  private void reserve(MemoryInode inode, long newSize, Path path) throws IOException {
    long growth = newSize - inode.size();
    if (growth > 0 && capacityBytes != Long.MAX_VALUE && usedBytes() + growth > capacityBytes) {
      throw new NoSpaceException(path);
    }
  }

  /** Has the next sync of a range fail the way `failure` says; for [FaultFileSystem]. */
  synchronized void failSync(Path path, long from, long to, SyncFailure failure)
      throws IOException {
    inode(path)
        .failSync(
            (int) Math.min(from, Integer.MAX_VALUE),
            (int) Math.min(to, Integer.MAX_VALUE),
            failure);
  }

  private static Path normal(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static Path parent(Path path) {
    Path parent = normal(path).getParent();
    return parent == null ? normal(path) : parent;
  }

  private static String name(Path path) {
    return String.valueOf(normal(path).getFileName());
  }

  private MemoryDirectory directory(Path normalPath) {
    return directories.computeIfAbsent(normalPath, p -> new MemoryDirectory());
  }

  private MemoryDirectory existingDirectory(Path normalPath) throws IOException {
    MemoryDirectory directory = directories.get(normalPath);
    if (directory == null) {
      if (findInode(normalPath) != null) {
        throw new NotDirectoryException(normalPath.toString());
      }
      throw new NoSuchFileException(normalPath.toString());
    }
    return directory;
  }

  private @Nullable MemoryInode findInode(Path path) {
    MemoryDirectory directory = directories.get(parent(path));
    return directory == null ? null : directory.names.get(name(path));
  }

  private MemoryInode inode(Path path) throws NoSuchFileException {
    MemoryInode inode = findInode(path);
    if (inode == null) {
      throw new NoSuchFileException(path.toString());
    }
    return inode;
  }

  @Override
  public String toString() {
    return "memory";
  }

  /** An open handle. */
  private final class MemoryFile implements StoreFile {
    private final Path path;
    private final OpenMode mode;
    private final MemoryInode inode;
    private boolean closed;

    MemoryFile(Path path, OpenMode mode, MemoryInode inode) {
      this.path = path;
      this.mode = mode;
      this.inode = inode;
    }

    private void requireOpen(boolean forWriting) throws IOException {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (forWriting && mode == OpenMode.READ) {
        throw new java.nio.file.AccessDeniedException(
            path.toString(), null, "opened for reading only");
      }
    }

    @Override
    public Path path() {
      return path;
    }

    @Override
    public long size() throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(false);
        return inode.size();
      }
    }

    @Override
    public int read(long position, MemorySegment target) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(false);
        return inode.read(position, target);
      }
    }

    @Override
    public void write(long position, MemorySegment source) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(true);
        reserve(inode, position + source.byteSize(), path);
        inode.write(position, source, path);
      }
    }

    @Override
    public void preallocate(long size) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(true);
        reserve(inode, size, path);
        inode.grow(size, path);
      }
    }

    @Override
    public void truncate(long size) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(true);
        inode.truncate(size, path);
      }
    }

    @Override
    public void sync(SyncMode syncMode) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(true);
        inode.sync(0, Integer.MAX_VALUE, true);
      }
    }

    @Override
    public MappedRegion map(MapMode mapMode) throws IOException {
      synchronized (MemoryFileSystem.this) {
        requireOpen(mapMode == MapMode.READ_WRITE);
        MemoryMapping mapping = new MemoryMapping(inode, mapMode);
        openHandles.put(mapping, path);
        return mapping;
      }
    }

    @Override
    public void close() {
      synchronized (MemoryFileSystem.this) {
        closed = true;
        openHandles.remove(this);
      }
    }
  }

  /** A mapped file. */
  private final class MemoryMapping implements MappedRegion {
    private final MemoryInode inode;
    private final MemorySegment segment;
    private boolean closed;

    MemoryMapping(MemoryInode inode, MapMode mode) {
      this.inode = inode;
      MemorySegment whole = MemorySegment.ofArray(inode.map());
      this.segment = mode == MapMode.READ_ONLY ? whole.asReadOnly() : whole;
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void force(long from, long to) {
      synchronized (MemoryFileSystem.this) {
        inode.sync((int) from, (int) to, false);
      }
    }

    @Override
    public void close() {
      synchronized (MemoryFileSystem.this) {
        if (!closed) {
          closed = true;
          inode.unmap();
          openHandles.remove(this);
        }
      }
    }
  }
}
