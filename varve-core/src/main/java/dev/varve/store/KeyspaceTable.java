package dev.varve.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The keyspaces of a store, by name and by number.
///
/// @threads safe. Changes: one thread at a time.
final class KeyspaceTable {
  /** Replaced as a whole by each change. */
  private record State(
      Map<String, KeyspaceState> byName, @Nullable KeyspaceState[] byId, boolean prepares) {
    State(Map<String, KeyspaceState> byName, @Nullable KeyspaceState[] byId) {
      this(byName, byId, byName.values().stream().anyMatch(each -> each.engine().prepares()));
    }
  }

  private volatile State state = new State(Map.of(), new KeyspaceState[0]);

  /** The number that the next keyspace gets. */
  private volatile int nextId = 1;

  @Nullable KeyspaceState find(String name) {
    return state.byName.get(name);
  }

  /// The keyspace of this number, or null when there is none or it was dropped.
  @Nullable KeyspaceState find(int id) {
    @Nullable KeyspaceState[] byId = state.byId;
    return id >= 0 && id < byId.length ? byId[id] : null;
  }

  /// All keyspaces, by number.
  List<KeyspaceState> all() {
    List<KeyspaceState> all = new ArrayList<>();
    for (@Nullable KeyspaceState keyspace : state.byId) {
      if (keyspace != null) {
        all.add(keyspace);
      }
    }
    return all;
  }

  /// All keyspaces, by name.
  Collection<KeyspaceState> allByName() {
    NavigableMap<String, KeyspaceState> sorted = new TreeMap<>(state.byName);
    return sorted.values();
  }

  /// Whether an engine [dev.varve.engine.Engine#prepares].
  boolean prepares() {
    return state.prepares;
  }

  int nextId() {
    return nextId;
  }

  /// Sees to it that numbers below this one are not given again.
  void reserveIdsBelow(int id) {
    nextId = Math.max(nextId, id);
  }

  void add(KeyspaceState keyspace) {
    State was = state;
    Map<String, KeyspaceState> byName = new HashMap<>(was.byName);
    byName.put(keyspace.name(), keyspace);
    @Nullable KeyspaceState[] byId =
        java.util.Arrays.copyOf(was.byId, Math.max(was.byId.length, keyspace.id() + 1));
    byId[keyspace.id()] = keyspace;
    state = new State(byName, byId);
    reserveIdsBelow(keyspace.id() + 1);
  }

  void remove(KeyspaceState keyspace) {
    State was = state;
    Map<String, KeyspaceState> byName = new HashMap<>(was.byName);
    byName.remove(keyspace.name());
    @Nullable KeyspaceState[] byId = was.byId.clone();
    byId[keyspace.id()] = null;
    state = new State(byName, byId);
  }
}
