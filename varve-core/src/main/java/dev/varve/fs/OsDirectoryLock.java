package dev.varve.fs;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A lock on a file of the operating system.
///
/// @threads safe
final class OsDirectoryLock implements DirectoryLock {
  /* A process loses its lock on a file when it closes any descriptor of that file, however it came
   * by it (POSIX). So the file is opened once per process, and whoever else in this process wants
   * the lock must be turned away before touching the file. The system properties are the one place
   * that every copy of this class in the process sees, whatever class loader it came from. */
  private static final String PROPERTY_PREFIX = "dev.varve.lock.";

  /** Longer than any text that this class writes. */
  private static final int TEXT_BYTES_MAX = 256;

  private final String property;
  private final RandomAccessFile file;
  private final AtomicBoolean closed = new AtomicBoolean();

  private OsDirectoryLock(String property, RandomAccessFile file) {
    this.property = property;
    this.file = file;
  }

  static OsDirectoryLock take(Path path) throws IOException {
    try {
      Files.createFile(path);
    } catch (FileAlreadyExistsException expected) {
      // An earlier holder made it.
    }
    String text = "pid=" + ProcessHandle.current().pid() + "\nsince=" + Instant.now() + "\n";
    String property = PROPERTY_PREFIX + identity(path);
    Properties held = System.getProperties();
    if (held.putIfAbsent(property, text) instanceof String holder) {
      throw new LockHeldException(path, parse(holder));
    }
    try {
      return new OsDirectoryLock(property, lockedFile(path, text));
    } catch (Throwable failure) {
      held.remove(property);
      throw failure;
    }
  }

  /// Turns away whoever would open a file whose lock this process holds: closing it again would
  /// drop the lock.
  ///
  /// @throws LockHeldException when it is so
  static void requireNotHeldHere(Path path) throws IOException {
    if (System.getProperties().get(PROPERTY_PREFIX + identity(path)) instanceof String holder) {
      throw new LockHeldException(path, parse(holder));
    }
  }

  /** The file itself, however its path is spelled. */
  private static String identity(Path path) throws IOException {
    Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    return key == null ? path.toRealPath().toString() : key.toString();
  }

  private static RandomAccessFile lockedFile(Path path, String text) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toString(), "rw");
    try {
      if (tryLock(file) == null) {
        byte[] holder = new byte[TEXT_BYTES_MAX];
        int length = Math.max(0, file.read(holder));
        throw new LockHeldException(
            path, parse(new String(holder, 0, length, StandardCharsets.UTF_8)));
      }
      file.setLength(0);
      file.write(text.getBytes(StandardCharsets.UTF_8));
      return file;
    } catch (Throwable failure) {
      try {
        file.close();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    }
  }

  private static @Nullable FileLock tryLock(RandomAccessFile file) throws IOException {
    try {
      return file.getChannel().tryLock();
    } catch (OverlappingFileLockException heldWithoutUs) {
      return null;
    }
  }

  private static @Nullable LockHolder parse(String text) {
    long pid = -1;
    @Nullable Instant since = null;
    for (String line : text.lines().toList()) {
      try {
        if (line.startsWith("pid=")) {
          pid = Long.parseLong(line.substring(4));
        } else if (line.startsWith("since=")) {
          since = Instant.parse(line.substring(6));
        }
      } catch (NumberFormatException | DateTimeException unreadable) {
        return null;
      }
    }
    return pid < 0 || since == null
        ? null
        : new LockHolder(pid, since, pid == ProcessHandle.current().pid());
  }

  @Override
  public void close() throws IOException {
    if (closed.compareAndSet(false, true)) {
      try {
        file.close();
      } finally {
        System.getProperties().remove(property);
      }
    }
  }
}
