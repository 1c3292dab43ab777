package dev.varve.fs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/// A file that appears whole or not at all: it is written under a temporary name and takes its own
/// when it is complete and durable, in the place of any file that had the name.
///
/// ```java
/// try (AtomicFile file = AtomicFile.begin(fs, path, path.resolveSibling("CATALOG.tmp"))) {
///   file.append(bytes);
///   file.commit();
/// }
/// ```
///
/// @threads one at a time
/// @lifetime until [#close], which without [#commit] leaves things as they were
public final class AtomicFile implements AutoCloseable {
  private final FileSystem fileSystem;
  private final Path path;
  private final Path temporary;
  private final StoreFile file;
  private boolean committed;

  private AtomicFile(FileSystem fileSystem, Path path, Path temporary, StoreFile file) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.temporary = temporary;
    this.file = file;
  }

  /// Begins the file under `temporary`, whose leftover of an earlier attempt is removed.
  ///
  /// @throws IOException when it cannot be made
  public static AtomicFile begin(FileSystem fileSystem, Path path, Path temporary)
      throws IOException {
    if (fileSystem.exists(temporary)) {
      fileSystem.delete(temporary);
    }
    return new AtomicFile(fileSystem, path, temporary, fileSystem.create(temporary));
  }

  /// Writes at the end.
  ///
  /// @throws IOException when the device refuses
  public void append(byte[] bytes, int offset, int length) throws IOException {
    long _ = file.append(MemorySegment.ofArray(bytes).asSlice(offset, length));
  }

  /// Makes the content durable, then gives the file its name, durably.
  ///
  /// @throws NoSpaceException when the device is full; the name stands for the old file
  /// @throws IOException when a step failed; the name then stands for the old file or the new one
  public void commit() throws IOException {
    file.sync(SyncMode.FULL);
    file.close();
    fileSystem.rename(temporary, path);
    committed = true;
    Path parent = path.toAbsolutePath().getParent();
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  /** Whether the new name survives a crash is unknown when this fails: that is no full disk. */
  private void syncDirectory(Path directory) throws IOException {
    try {
      fileSystem.syncDirectory(directory);
    } catch (NoSpaceException e) {
      FileSystemException unknown =
          new FileSystemException(
              path.toString(), null, "its directory cannot be synced, for want of space");
      unknown.initCause(e);
      throw unknown;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
    if (!committed && fileSystem.exists(temporary)) {
      fileSystem.delete(temporary);
    }
  }
}
