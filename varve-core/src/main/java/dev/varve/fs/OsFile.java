package dev.varve.fs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A file of the operating system.
///
/// @threads safe
final class OsFile implements StoreFile {
  /* Bytes go through a RandomAccessFile because an interrupt does not close it. It has one position,
   * so a lock keeps calls apart.
   *
   * A DATA sync needs fdatasync, which only a FileChannel offers, and an interrupt closes that. So
   * the channel is a second descriptor that does nothing else. When it is lost to an interrupt, the
   * RandomAccessFile's descriptor syncs in its place: the kernel reports a write-back error once per
   * descriptor, hence an error that the lost channel swallowed is reported by the other. */

  /** The most bytes that one call copies through a heap buffer. */
  private static final int CHUNK_BYTES = 256 << 10;

  private static final byte[] ZEROS = new byte[CHUNK_BYTES];

  private final Path path;
  private final OpenMode mode;
  private final RandomAccessFile file;
  private final ReentrantLock position = new ReentrantLock();

  /** Null for a file opened for reading, or after an interrupt closed it. */
  private volatile @Nullable FileChannel dataSync;

  private volatile boolean closed;

  private OsFile(Path path, OpenMode mode, RandomAccessFile file, @Nullable FileChannel dataSync) {
    this.path = path;
    this.mode = mode;
    this.file = file;
    this.dataSync = dataSync;
  }

  static OsFile open(Path path, OpenMode mode) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(path.toString(), null, "is a directory");
    }
    if (mode == OpenMode.READ) {
      return new OsFile(path, mode, randomAccess(path, "r"), null);
    }
    FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
    try {
      return new OsFile(path, mode, randomAccess(path, "rw"), channel);
    } catch (Throwable failure) {
      closeAfter(failure, channel);
      throw failure;
    }
  }

  private static RandomAccessFile randomAccess(Path path, String mode) throws IOException {
    try {
      return new RandomAccessFile(path.toString(), mode);
    } catch (FileNotFoundException e) {
      // The one exception of this constructor says nothing of its cause.
      FileSystemException translated =
          Files.exists(path)
              ? new AccessDeniedException(path.toString(), null, e.getMessage())
              : new NoSuchFileException(path.toString());
      translated.initCause(e);
      throw translated;
    }
  }

  private static void closeAfter(Throwable failure, AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public long size() throws IOException {
    return file.length();
  }

  @Override
  public int read(long at, MemorySegment target) throws IOException {
    int wanted = Math.toIntExact(target.byteSize());
    int done = 0;
    byte @Nullable [] direct = heapArray(target);
    byte[] buffer = direct == null ? new byte[Math.min(wanted, CHUNK_BYTES)] : direct;
    int base = direct == null ? 0 : Math.toIntExact(target.address());
    position.lock();
    try {
      while (done < wanted) {
        int ask = Math.min(wanted - done, CHUNK_BYTES);
        int offset = direct == null ? 0 : base + done;
        file.seek(at + done);
        int got = file.read(buffer, offset, ask);
        if (got < 0) {
          break;
        }
        if (direct == null) {
          MemorySegment.copy(buffer, 0, target, ValueLayout.JAVA_BYTE, done, got);
        }
        done += got;
      }
    } finally {
      position.unlock();
    }
    return done;
  }

  @Override
  public void write(long at, MemorySegment source) throws IOException {
    byte @Nullable [] direct = heapArray(source);
    int base = direct == null ? 0 : Math.toIntExact(source.address());
    long length = source.byteSize();
    byte[] buffer = direct == null ? new byte[(int) Math.min(length, CHUNK_BYTES)] : direct;
    position.lock();
    try {
      file.seek(at);
      for (long done = 0; done < length; ) {
        int count = (int) Math.min(length - done, CHUNK_BYTES);
        if (direct == null) {
          MemorySegment.copy(source, ValueLayout.JAVA_BYTE, done, buffer, 0, count);
        }
        // RandomAccessFile.write goes on after a short write until all is written or one fails.
        file.write(buffer, direct == null ? 0 : base + (int) done, count);
        done += count;
      }
    } catch (IOException e) {
      throw translated(e, path, length);
    } finally {
      position.unlock();
    }
  }

  @Override
  public void preallocate(long size) throws IOException {
    long from = size();
    position.lock();
    try {
      file.seek(from);
      for (long at = from; at < size; at += CHUNK_BYTES) {
        file.write(ZEROS, 0, (int) Math.min(size - at, CHUNK_BYTES));
      }
    } catch (IOException e) {
      throw translated(e, path, size - from);
    } finally {
      position.unlock();
    }
  }

  @Override
  public void truncate(long size) throws IOException {
    if (size < size()) {
      file.setLength(size);
    }
  }

  @Override
  public void sync(SyncMode syncMode) throws IOException {
    FileChannel channel = dataSync;
    if (syncMode == SyncMode.DATA && channel != null) {
      try {
        channel.force(false);
        return;
      } catch (ClosedChannelException lost) {
        if (closed) {
          throw lost;
        }
        dataSync = null;
      }
    }
    try {
      file.getFD().sync();
    } catch (java.io.SyncFailedException e) {
      // Space for what was written may be asked for as late as now.
      throw translated(e, path, CHUNK_BYTES);
    }
  }

  @Override
  public MappedRegion map(MapMode mapMode) throws IOException {
    if (mapMode == MapMode.READ_WRITE && mode == OpenMode.READ) {
      throw new AccessDeniedException(path.toString(), null, "opened for reading only");
    }
    Arena arena = Arena.ofShared();
    MemorySegment[] mapped = new MemorySegment[1];
    try {
      UninterruptibleIo.run(
          () -> {
            FileChannel.MapMode access =
                mapMode == MapMode.READ_WRITE
                    ? FileChannel.MapMode.READ_WRITE
                    : FileChannel.MapMode.READ_ONLY;
            mapped[0] = file.getChannel().map(access, 0, file.length(), arena);
          });
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
    return new OsMappedRegion(path, arena, mapped[0]);
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    FileChannel channel = dataSync;
    try {
      file.close();
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  /** The array behind a segment, or null when it is not a byte array that can be used directly. */
  private static byte @Nullable [] heapArray(MemorySegment segment) {
    return segment.heapBase().orElse(null) instanceof byte[] array ? array : null;
  }

  /// Gives an error of the operating system its type. The system's number is lost in Java, its text
  /// may be translated; what remains is to look whether there is space.
  static IOException translated(IOException e, Path path, long bytes) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (message.contains("no space left") || message.contains("quota exceeded")) {
      return new NoSpaceException(path, e);
    }
    try {
      if (OsFileSystem.INSTANCE.usableSpace(path) < bytes) {
        return new NoSpaceException(path, e);
      }
    } catch (IOException unknown) {
      e.addSuppressed(unknown);
    }
    return e;
  }
}
