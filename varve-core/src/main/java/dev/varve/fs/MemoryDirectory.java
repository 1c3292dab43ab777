package dev.varve.fs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// The names in a directory in memory: as programs see them, and as the device holds them.
///
/// @threads guarded by the file system's lock
final class MemoryDirectory {
  /** A change of names that no sync has covered yet. */
  private sealed interface Change {
    record Add(String name, MemoryInode inode) implements Change {}

    record Remove(String name) implements Change {}

    record Rename(String from, String to, MemoryInode inode) implements Change {}
  }

  final TreeMap<String, MemoryInode> names = new TreeMap<>();
  private final TreeMap<String, MemoryInode> durable = new TreeMap<>();
  private final List<Change> unsynced = new ArrayList<>();

  void add(String name, MemoryInode inode) {
    names.put(name, inode);
    unsynced.add(new Change.Add(name, inode));
  }

  void remove(String name) {
    names.remove(name);
    unsynced.add(new Change.Remove(name));
  }

  void rename(String from, String to, MemoryInode inode) {
    names.remove(from);
    names.put(to, inode);
    unsynced.add(new Change.Rename(from, to, inode));
  }

  void sync() {
    durable.clear();
    durable.putAll(names);
    unsynced.clear();
  }

  /** The same directory over the files that `files` gives for its own. */
  MemoryDirectory copy(UnaryOperator<MemoryInode> files) {
    MemoryDirectory copy = new MemoryDirectory();
    names.forEach((name, inode) -> copy.names.put(name, files.apply(inode)));
    durable.forEach((name, inode) -> copy.durable.put(name, files.apply(inode)));
    for (Change change : unsynced) {
      copy.unsynced.add(
          switch (change) {
            case Change.Add(String name, MemoryInode inode) ->
                new Change.Add(name, files.apply(inode));
            case Change.Remove remove -> remove;
            case Change.Rename(String from, String to, MemoryInode inode) ->
                new Change.Rename(from, to, files.apply(inode));
          });
    }
    return copy;
  }

  /** The names that the device holds after a power cut, with the files as they were before. */
  Map<String, MemoryInode> afterCrash(CrashImage.Mode mode, SplittableRandom random) {
    Map<String, MemoryInode> left = new TreeMap<>(durable);
    double chance = random.nextDouble();
    for (Change change : unsynced) {
      boolean survives =
          switch (mode) {
            case SYNCED_ONLY -> false;
            case ALL, GROWN_ZERO, GROWN_STALE -> true;
            case RANDOM_BLOCKS, TORN_SECTORS, NAMES_SUBSET -> random.nextDouble() < chance;
            case RENAMES_REVERTED -> !(change instanceof Change.Rename);
            case DELETES_UNDONE -> !(change instanceof Change.Remove);
          };
      if (survives) {
        apply(change, left);
      }
    }
    return left;
  }

  private static void apply(Change change, Map<String, MemoryInode> names) {
    switch (change) {
      case Change.Add(String name, MemoryInode inode) -> names.put(name, inode);
      case Change.Remove(String name) -> names.remove(name);
      case Change.Rename(String from, String to, MemoryInode inode) -> {
        names.remove(from);
        names.put(to, inode);
      }
    }
  }
}
