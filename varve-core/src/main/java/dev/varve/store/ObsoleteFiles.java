package dev.varve.store;

import dev.varve.format.StoreFileName;
import java.util.List;
import java.util.Set;

/// Says which files of a store nobody needs any more once a catalog, which names all that is
/// needed, is durable.
///
/// @threads stateless
final class ObsoleteFiles {
  private ObsoleteFiles() {}

  /// Of these names, those of files that may be deleted.
  ///
  /// @param keyspaces those that there are
  /// @param nextId the number of the next keyspace: a younger one's files are not looked at
  /// @param needed the files that the catalog names
  static List<String> among(
      List<String> names, List<KeyspaceState> keyspaces, int nextId, Set<String> needed) {
    return names.stream().filter(name -> isObsolete(name, keyspaces, nextId, needed)).toList();
  }

  private static boolean isObsolete(
      String name, List<KeyspaceState> keyspaces, int nextId, Set<String> needed) {
    StoreFileName parsed = StoreFileName.parse(name);
    return switch (parsed) {
      case StoreFileName.Temporary _ -> !isEngines(keyspaces, nextId, temporaryOf(name));
      case StoreFileName.Snapshot _ -> !needed.contains(name);
      case StoreFileName.Manifest _,
          StoreFileName.Sstable _,
          StoreFileName.Blob _,
          StoreFileName.Heap _,
          StoreFileName.HeapMap _ ->
          !isEngines(keyspaces, nextId, parsed);
      case StoreFileName.Lock _,
          StoreFileName.Catalog _,
          StoreFileName.Segment _,
          StoreFileName.Foreign _ ->
          false;
    };
  }

  private static StoreFileName temporaryOf(String name) {
    return StoreFileName.parse(
        name.substring(0, name.length() - StoreFileName.TEMPORARY_SUFFIX.length()));
  }

  /** Whether a file is in the care of an engine: of a keyspace that there is, or a younger one. */
  private static boolean isEngines(List<KeyspaceState> keyspaces, int nextId, StoreFileName name) {
    int keyspace;
    switch (name) {
      case StoreFileName.Sstable(int number, long _) -> keyspace = number;
      case StoreFileName.Blob(int number, long _) -> keyspace = number;
      case StoreFileName.Manifest(int number, long _) -> keyspace = number;
      case StoreFileName.Heap(int number, long _) -> keyspace = number;
      case StoreFileName.HeapMap(int number, long _) -> keyspace = number;
      case StoreFileName.Snapshot _,
          StoreFileName.Temporary _,
          StoreFileName.Lock _,
          StoreFileName.Catalog _,
          StoreFileName.Segment _,
          StoreFileName.Foreign _ -> {
        return false;
      }
    }
    return keyspace >= nextId
        || keyspaces.stream()
            .anyMatch(each -> each.id() == keyspace && !each.options().engine().isResident());
  }
}
