package dev.varve.store;

import dev.varve.format.StoreFileName;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/// Files in a store's directory that are no part of the store.
///
/// @param foreign files that are none of Varve's; nobody touches them
/// @param unfinished files that were being written
/// @param ofNobody files of keyspaces that there are not
/// @param orphans files of keyspaces that there are, which these do not name
record Strays(
    List<String> foreign, List<String> unfinished, List<String> ofNobody, List<String> orphans) {
  /// None.
  static final Strays NONE = new Strays(List.of(), List.of(), List.of(), List.of());

  /** The root of a file system has it. */
  private static final String LOST_AND_FOUND = "lost+found";

  /// Sorts out the files of a directory.
  ///
  /// @param named those that the keyspaces name
  /// @param isKeyspace whether there is a keyspace of a number
  static Strays among(List<String> names, Set<String> named, IntPredicate isKeyspace) {
    Strays found =
        new Strays(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (String name : names) {
      switch (StoreFileName.parse(name)) {
        case StoreFileName.Foreign _ -> {
          if (!name.equals(LOST_AND_FOUND)) {
            found.foreign.add(name);
          }
        }
        case StoreFileName.Temporary _ -> found.unfinished.add(name);
        case StoreFileName.Snapshot(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.Sstable(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.Manifest(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.Blob(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.Heap(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.HeapMap(int keyspace, long _) ->
            found.add(name, named, isKeyspace.test(keyspace));
        case StoreFileName.Lock _, StoreFileName.Catalog _, StoreFileName.Segment _ -> {}
      }
    }
    return found;
  }

  private void add(String name, Set<String> named, boolean hasKeyspace) {
    if (!hasKeyspace) {
      ofNobody.add(name);
    } else if (!named.contains(name)) {
      orphans.add(name);
    }
  }

  /// One sentence each.
  List<String> notices() {
    List<String> notices = new ArrayList<>();
    foreign.forEach(name -> notices.add(name + " is no file of Varve's; it is left alone"));
    unfinished.forEach(
        name -> notices.add(name + " was not finished; it is removed with the next flush"));
    ofNobody.forEach(
        name -> notices.add(name + " is of a keyspace that there is not; nothing needs it"));
    orphans.forEach(
        name ->
            notices.add(
                name
                    + " is named by nothing in the store, a crash left it; it is removed before"
                    + " the keyspace's next file is written"));
    return notices;
  }
}
