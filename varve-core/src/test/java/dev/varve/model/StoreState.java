package dev.varve.model;

import dev.varve.base.Bytes;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// All keyspaces of a store with all their entries, after one commit.
///
/// @threads immutable
public final class StoreState {
  /// A store that was just made.
  public static final StoreState EMPTY = new StoreState(new TreeMap<>());

  private final Map<String, Map<byte[], byte[]>> keyspaces;

  private StoreState(Map<String, Map<byte[], byte[]>> keyspaces) {
    this.keyspaces = keyspaces;
  }

  /// The names of the keyspaces.
  public Set<String> names() {
    return keyspaces.keySet();
  }

  /// The value of a key, or null.
  public byte @Nullable [] get(String keyspace, byte[] key) {
    Map<byte[], byte[]> entries = keyspaces.get(keyspace);
    return entries == null ? null : entries.get(key);
  }

  /// The state after a step, or null when the step makes no commit.
  public @Nullable StoreState after(Step step) {
    return switch (step) {
      case Step.Change change -> changed(change);
      case Step.Batch batch -> {
        StoreState state = this;
        for (Step.Change change : batch.changes()) {
          state = state.changed(change);
        }
        yield batch.changes().isEmpty() ? null : state;
      }
      case Step.Load load -> {
        StoreState state = this;
        for (Step.Put put : load.puts()) {
          state = state.changed(put);
        }
        yield load.puts().isEmpty() ? null : state;
      }
      case Step.PutIfAbsent put ->
          get(put.keyspace(), put.key()) != null
              ? null
              : changed(new Step.Put(put.keyspace(), put.key(), put.value(), null));
      case Step.Swap swap -> swapped(swap);
      case Step.Create create -> {
        if (keyspaces.containsKey(create.keyspace())) {
          yield null;
        }
        Map<String, Map<byte[], byte[]>> next = new TreeMap<>(keyspaces);
        next.put(create.keyspace(), entries());
        yield new StoreState(next);
      }
      case Step.Drop drop -> {
        Map<String, Map<byte[], byte[]>> next = new TreeMap<>(keyspaces);
        next.remove(drop.keyspace());
        yield new StoreState(next);
      }
      case Step.Sync _,
          Step.Flush _,
          Step.TakeSnapshot _,
          Step.CheckSnapshot _,
          Step.Idle _,
          Step.Reopen _ ->
          null;
    };
  }

  private static Map<byte[], byte[]> entries() {
    return new TreeMap<>(Bytes::compare);
  }

  private @Nullable StoreState swapped(Step.Swap swap) {
    byte @Nullable [] current = get(swap.keyspace(), swap.key());
    if (!Arrays.equals(current, swap.expected())) {
      return null;
    }
    byte @Nullable [] updated = swap.updated();
    if (updated != null) {
      return changed(new Step.Put(swap.keyspace(), swap.key(), updated, null));
    }
    return current == null ? null : changed(new Step.Delete(swap.keyspace(), swap.key(), null));
  }

  private StoreState changed(Step.Change change) {
    Map<byte[], byte[]> entries = entries();
    entries.putAll(keyspaces.getOrDefault(change.keyspace(), entries()));
    switch (change) {
      case Step.Put put -> entries.put(put.key(), put.value());
      case Step.Delete delete -> entries.remove(delete.key());
      case Step.DeleteRange(String _, byte[] from, byte[] to) ->
          entries
              .keySet()
              .removeIf(
                  key ->
                      (from == null || Bytes.compare(key, from) >= 0)
                          && (to == null || Bytes.compare(key, to) < 0));
    }
    Map<String, Map<byte[], byte[]>> next = new TreeMap<>(keyspaces);
    next.put(change.keyspace(), entries);
    return new StoreState(next);
  }

  /// What of a store differs from this state, in a sentence, or null when nothing does.
  public @Nullable String difference(Store store, EngineKind engine) {
    Set<String> found = new TreeSet<>();
    for (Keyspace keyspace : store.keyspaces()) {
      found.add(keyspace.name());
      if (keyspace.options().engine() != engine) {
        return "keyspace " + keyspace.name() + " has the engine " + keyspace.options().engine();
      }
    }
    if (!found.equals(keyspaces.keySet())) {
      return "expected the keyspaces " + keyspaces.keySet() + ", found " + found;
    }
    for (Keyspace keyspace : store.keyspaces()) {
      @Nullable String difference = difference(keyspace.name(), keyspace, engine.isOrdered());
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  /// What of a snapshot differs from this state, or null. A keyspace that is gone by now, or was
  /// made anew under its name, is left out.
  ///
  /// @param ids the numbers of the keyspaces when the snapshot was taken
  public @Nullable String difference(Store store, Snapshot snapshot, Map<String, Integer> ids) {
    for (Map.Entry<String, Map<byte[], byte[]>> expected : keyspaces.entrySet()) {
      @Nullable Keyspace keyspace = store.findKeyspace(expected.getKey()).orElse(null);
      if (keyspace != null && Integer.valueOf(keyspace.id()).equals(ids.get(expected.getKey()))) {
        @Nullable String difference =
            difference(
                expected.getKey(), keyspace.at(snapshot), keyspace.options().engine().isOrdered());
        if (difference != null) {
          return "in a snapshot of " + snapshot.sequenceNumber() + ": " + difference;
        }
      }
    }
    return null;
  }

  private @Nullable String difference(String name, KeyspaceView view, boolean ordered) {
    Map<byte[], byte[]> expected = keyspaces.getOrDefault(name, entries());
    int count = 0;
    byte @Nullable [] before = null;
    try (Cursor cursor = view.cursor()) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        byte @Nullable [] wanted = expected.get(key);
        if (!Arrays.equals(wanted, value)) {
          return "keyspace "
              + name
              + ", key "
              + text(key)
              + ": expected "
              + text(wanted)
              + ", found "
              + text(value);
        }
        if (ordered && before != null && Bytes.compare(before, key) >= 0) {
          return "keyspace " + name + ": key " + text(key) + " out of order";
        }
        before = key;
        count++;
      }
    }
    if (count != expected.size() || view.count() != count) {
      for (Map.Entry<byte[], byte[]> one : expected.entrySet()) {
        if (view.get(one.getKey()) == null) {
          return "keyspace "
              + name
              + ", key "
              + text(one.getKey())
              + ": expected "
              + text(one.getValue())
              + ", found nothing";
        }
      }
      return "keyspace "
          + name
          + ": expected "
          + expected.size()
          + " entries, a cursor showed "
          + count
          + ", its count is "
          + view.count();
    }
    return null;
  }

  private static String text(byte @Nullable [] bytes) {
    if (bytes == null) {
      return "nothing";
    }
    String start =
        new String(
            bytes, 0, Math.min(24, bytes.length), java.nio.charset.StandardCharsets.ISO_8859_1);
    return "'" + start + "' (" + bytes.length + " bytes)";
  }

  /// How many entries there are.
  public int size() {
    return keyspaces.values().stream().mapToInt(Map::size).sum();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    keyspaces.forEach(
        (name, entries) ->
            text.append(name).append(": ").append(entries.size()).append(" entries "));
    return text.toString().trim();
  }
}
