package dev.varve.fs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The files of the operating system.
///
/// @threads safe
public final class OsFileSystem implements FileSystem {
  /// The one file system of this machine; it has no state.
  public static final OsFileSystem INSTANCE = new OsFileSystem();

  private OsFileSystem() {}

  @Override
  public StoreFile create(Path path) throws IOException {
    try {
      Files.createFile(path);
    } catch (IOException e) {
      throw OsFile.translated(e, path, 1);
    }
    return OsFile.open(path, OpenMode.READ_WRITE);
  }

  @Override
  public StoreFile open(Path path, OpenMode mode) throws IOException {
    OsDirectoryLock.requireNotHeldHere(path);
    return OsFile.open(path, mode);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw OsFile.translated(e, to, 0);
    }
  }

  @Override
  public void link(Path existing, Path added) throws IOException {
    Files.createLink(added, existing);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.delete(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(directory.toString());
    }
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(directory.toString());
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public boolean isDirectory(Path path) {
    return Files.isDirectory(path);
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath().normalize();
    if (Files.isDirectory(absolute)) {
      return;
    }
    Path parent = absolute.getParent();
    if (parent != null) {
      createDirectories(parent);
    }
    try {
      Files.createDirectory(absolute);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(absolute)) {
        throw e;
      }
    } catch (IOException e) {
      throw OsFile.translated(e, absolute, 1);
    }
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    UninterruptibleIo.run(
        () -> {
          try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
          } catch (IOException e) {
            throw OsFile.translated(e, directory, 0);
          }
        });
  }

  @Override
  public DirectoryLock lock(Path path) throws IOException {
    return OsDirectoryLock.take(path);
  }

  @Override
  public long usableSpace(Path directory) throws IOException {
    return Files.getFileStore(existing(directory)).getUsableSpace();
  }

  private static Path existing(Path path) {
    @Nullable Path at = path.toAbsolutePath();
    while (at != null && !Files.exists(at)) {
      at = at.getParent();
    }
    return at == null ? path : at;
  }

  @Override
  public String toString() {
    return "operating system";
  }
}
