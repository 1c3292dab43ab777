package dev.varve.model;

import dev.varve.kv.BulkLoad;
import dev.varve.kv.Durability;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import dev.varve.kv.WriteBatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Carries out steps on a store.
///
/// @param store where
/// @param options what a keyspace of a name is made with
public record StoreSteps(Store store, Function<String, KeyspaceOptions> options) {
  /// The keyspace of this name.
  ///
  /// @throws UsageException when there is none
  Keyspace keyspace(String name) {
    return store
        .findKeyspace(name)
        .orElseThrow(() -> new UsageException("there is no keyspace '" + name + "'"));
  }

  /// Carries out a step that writes, syncs or flushes.
  ///
  /// @throws IllegalArgumentException for a step that a store cannot take alone
  public void perform(Step step) {
    Durability level = step.level(store.options().durability());
    switch (step) {
      case Step.Put put -> keyspace(put.keyspace()).put(put.key(), put.value(), level);
      case Step.Delete delete -> keyspace(delete.keyspace()).delete(delete.key(), level);
      case Step.DeleteRange range -> keyspace(range.keyspace()).deleteRange(range(range));
      case Step.Batch batch -> store.write(encoded(batch), level);
      case Step.Load load -> load(load, true);
      case Step.PutIfAbsent put -> {
        byte @Nullable [] _ = keyspace(put.keyspace()).putIfAbsent(put.key(), put.value());
      }
      case Step.Swap swap -> {
        var _ =
            keyspace(swap.keyspace()).compareAndSet(swap.key(), swap.expected(), swap.updated());
      }
      case Step.Create create -> {
        var _ = store.keyspace(create.keyspace(), options.apply(create.keyspace()));
      }
      case Step.Drop drop -> store.dropKeyspace(drop.keyspace());
      case Step.Sync _ -> store.sync();
      case Step.Flush _ -> store.flush();
      case Step.Idle _, Step.TakeSnapshot _, Step.CheckSnapshot _, Step.Reopen _ ->
          throw new IllegalArgumentException("not a step of the store alone: " + step);
    }
  }

  /// Loads, and commits or not.
  void load(Step.Load load, boolean committed) {
    try (BulkLoad bulk = keyspace(load.keyspace()).bulkLoad()) {
      for (Step.Put put : load.puts()) {
        bulk.put(put.key(), put.value());
      }
      if (committed) {
        bulk.commit();
      }
    }
  }

  /// A batch as the store takes it.
  WriteBatch encoded(Step.Batch batch) {
    WriteBatch encoded = new WriteBatch();
    for (Step.Change change : batch.changes()) {
      Keyspace keyspace = keyspace(change.keyspace());
      WriteBatch _ =
          switch (change) {
            case Step.Put put -> encoded.put(keyspace, put.key(), put.value());
            case Step.Delete delete -> encoded.delete(keyspace, delete.key());
            case Step.DeleteRange range -> encoded.deleteRange(keyspace, range(range));
          };
    }
    return encoded;
  }

  /// The range of a step as the store takes it.
  public static KeyRange range(Step.DeleteRange range) {
    byte[] from = range.from();
    byte[] to = range.to();
    if (from == null) {
      return to == null ? KeyRange.all() : KeyRange.lessThan(to);
    }
    return to == null ? KeyRange.atLeast(from) : KeyRange.of(from, to);
  }
}
