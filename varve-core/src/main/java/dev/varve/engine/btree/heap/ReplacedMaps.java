package dev.varve.engine.btree.heap;

import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/// Maps that a newer one has replaced, durably: they go when no pin needs them.
///
/// @threads safe
final class ReplacedMaps {
  private final FileSystem fileSystem;
  private final Path directory;
  private final int keyspace;

  /** Under the monitor, which is held while files are deleted. */
  private final TreeSet<Long> numbers = new TreeSet<>();

  ReplacedMaps(HeapEnvironment environment) {
    this.fileSystem = environment.fileSystem();
    this.directory = environment.directory();
    this.keyspace = environment.keyspace();
  }

  synchronized void add(long number) {
    numbers.add(number);
  }

  /// The names of those that are still there.
  synchronized Set<String> names() {
    Set<String> names = new TreeSet<>();
    numbers.forEach(number -> names.add(StoreFileName.heapMap(keyspace, number)));
    return names;
  }

  /// Deletes those that are not needed. One that cannot be deleted is left for the next process.
  synchronized void delete(LongPredicate isPinned) {
    numbers.removeIf(
        number -> {
          if (isPinned.test(number)) {
            return false;
          }
          delete(directory.resolve(StoreFileName.heapMap(keyspace, number)));
          return true;
        });
  }

  private void delete(Path path) {
    try {
      fileSystem.delete(path);
    } catch (IOException _) {
      return;
    }
  }

  /// Deletes files of maps that were never finished.
  void deleteTemporary(Set<String> names) {
    names.forEach(name -> delete(directory.resolve(name)));
  }
}
