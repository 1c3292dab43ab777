package dev.varve.model;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a store must be like, at each moment that it ever had: sorted maps of revisions, and
/// nothing else. A moment is the number of the last commit.
///
/// @threads one at a time
final class ModelStore {
  /** All keyspaces that there ever were, in the order of their making. */
  private final List<ModelKeyspace> keyspaces = new ArrayList<>();

  private final Predicate<String> ordered;
  private long newest;

  /// @param ordered whether a keyspace of this name takes calls that need order
  ModelStore(Predicate<String> ordered) {
    this.ordered = ordered;
  }

  /// The last commit.
  long newest() {
    return newest;
  }

  /// The moment that the commit under way leads to.
  long next() {
    return newest + 1;
  }

  /// Ends the commit under way: what was set for [#next] is visible.
  void commit() {
    newest++;
  }

  /// The keyspace of this name, or null.
  @Nullable ModelKeyspace find(String name) {
    return find(name, newest);
  }

  /// The keyspace that had this name at a moment, or null.
  @Nullable ModelKeyspace find(String name, long moment) {
    for (ModelKeyspace keyspace : keyspaces.reversed()) {
      if (keyspace.name().equals(name) && keyspace.existsAt(moment)) {
        return keyspace;
      }
    }
    return null;
  }

  /// Whether keyspaces of this name keep order.
  boolean isOrdered(String name) {
    return ordered.test(name);
  }

  /// Makes a keyspace, in a commit of its own.
  void create(String name) {
    keyspaces.add(new ModelKeyspace(name, ordered.test(name), next()));
    commit();
  }

  /// Ends a keyspace, in a commit of its own.
  void drop(ModelKeyspace keyspace) {
    keyspace.drop(next());
    commit();
  }

  /// Takes back every commit behind a moment.
  void rollBack(long moment) {
    keyspaces.removeIf(keyspace -> keyspace.createdAt() > moment);
    keyspaces.forEach(keyspace -> keyspace.rollBack(moment));
    newest = moment;
  }

  /// The keyspaces of a moment, by name.
  SortedMap<String, ModelKeyspace> at(long moment) {
    SortedMap<String, ModelKeyspace> found = new TreeMap<>();
    keyspaces.stream()
        .filter(keyspace -> keyspace.existsAt(moment))
        .forEach(keyspace -> found.put(keyspace.name(), keyspace));
    return found;
  }

  /// All entries of all keyspaces at a moment.
  SortedMap<String, SortedMap<byte[], byte[]>> everything(long moment) {
    SortedMap<String, SortedMap<byte[], byte[]>> all = new TreeMap<>();
    at(moment).forEach((name, keyspace) -> all.put(name, keyspace.entries(Span.ALL, moment)));
    return all;
  }
}
