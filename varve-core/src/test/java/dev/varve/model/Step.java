package dev.varve.model;

import dev.varve.kv.Durability;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One thing that a program does with a store, of those that scripts are made of. A null `level`
/// stands for the store's own.
public sealed interface Step extends Operation {
  /// A step that can be part of a batch.
  sealed interface Change extends Step {
    /** The keyspace it concerns. */
    String keyspace();
  }

  /// Sets a value.
  record Put(String keyspace, byte[] key, byte[] value, @Nullable Durability level)
      implements Change {}

  /// Makes a key absent.
  record Delete(String keyspace, byte[] key, @Nullable Durability level) implements Change {}

  /// Makes the keys from `from` on and before `to` absent; both null for all keys.
  record DeleteRange(String keyspace, byte @Nullable [] from, byte @Nullable [] to)
      implements Change {}

  /// Several changes in one commit.
  record Batch(List<Change> changes, @Nullable Durability level) implements Step {}

  /// Several values in one commit that does not pass through the log where the engine has files.
  record Load(String keyspace, List<Put> puts) implements Step {}

  /// Sets a value where there is none.
  record PutIfAbsent(String keyspace, byte[] key, byte[] value) implements Step {}

  /// Sets a value, or with null removes it, where it is as expected.
  record Swap(String keyspace, byte[] key, byte @Nullable [] expected, byte @Nullable [] updated)
      implements Step {}

  /// Makes a keyspace.
  record Create(String keyspace) implements Step {}

  /// Ends a keyspace.
  record Drop(String keyspace) implements Step {}

  /// Makes every commit durable.
  record Sync() implements Step {}

  /// Has the engines write their files.
  record Flush() implements Step {}

  /// Takes a snapshot and keeps it open, in the place of the one before.
  record TakeSnapshot() implements Step {}

  /// Compares what the open snapshot shows with what was there when it was taken.
  record CheckSnapshot() implements Step {}

  /// Lets time pass: what was to run later runs.
  record Idle() implements Step {}

  /// Closes the store and opens it again.
  record Reopen() implements Step {}

  /// The level that this step is acknowledged at in a store whose own is `own`.
  default Durability level(Durability own) {
    @Nullable Durability asked =
        switch (this) {
          case Put put -> put.level;
          case Delete delete -> delete.level;
          case Batch batch -> batch.level;
          case DeleteRange _,
              Load _,
              PutIfAbsent _,
              Swap _,
              Create _,
              Drop _,
              Sync _,
              Flush _,
              TakeSnapshot _,
              CheckSnapshot _,
              Idle _,
              Reopen _ ->
              null;
        };
    return asked == null ? own : asked;
  }
}
