package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.Counter;
import dev.varve.kv.Durability;
import dev.varve.kv.Entry;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Limits;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.SwapResult;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A keyspace of an open store.
///
/// @threads safe
final class StoreKeyspace extends EngineView implements Keyspace {
  /** What a commit counts for at the throttle that is not known yet. */
  private static final long DECIDED_BYTES = 128;

  private final OpenStore owner;
  private final StoreCore store;
  private final KeyspaceState state;
  private final int id;

  /// @param owner what the user opened; as long as a keyspace is in use it is not forgotten
  StoreKeyspace(OpenStore owner, KeyspaceState state) {
    this.owner = owner;
    this.store = owner.core();
    this.state = state;
    this.id = state.id();
  }

  @Override
  StoreCore store() {
    return store;
  }

  @Override
  OpenStore owner() {
    return owner;
  }

  @Override
  KeyspaceState keyspace() {
    return state;
  }

  @Override
  long sequence() {
    return Engine.LATEST;
  }

  @Override
  Moments.Pin pin() {
    return store.moments().pin();
  }

  @Override
  void requireReadable() {
    if (state.isDropped()) {
      throw new StoreClosedException("the keyspace '" + state.name() + "' was dropped");
    }
    store.pipeline().requireOpen();
  }

  @Override
  public String name() {
    return state.name();
  }

  @Override
  public int id() {
    return id;
  }

  @Override
  public KeyspaceOptions options() {
    return state.options();
  }

  @Override
  public void put(byte[] key, byte[] value) {
    put(key, value, store.options().durability());
  }

  @Override
  public void put(byte[] key, byte[] value, Durability durability) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    CommitPipeline pipeline = store.pipeline();
    long sequence;
    pipeline.awaitRoom(state.engine(), (long) key.length + value.length, true);
    int lane = pipeline.lock();
    try {
      requireReadable();
      MutationWriter writer = pipeline.scratch(lane);
      writer.put(id, key, value);
      sequence = pipeline.commit(lane, writer, durability, false);
    } finally {
      pipeline.unlock(lane);
    }
    pipeline.awaitDurable(sequence, durability);
  }

  @Override
  public void delete(byte[] key) {
    delete(key, store.options().durability());
  }

  @Override
  public void delete(byte[] key, Durability durability) {
    Limits.checkKey(key);
    CommitPipeline pipeline = store.pipeline();
    long sequence;
    pipeline.awaitRoom(state.engine(), key.length, false);
    int lane = pipeline.lock();
    try {
      requireReadable();
      MutationWriter writer = pipeline.scratch(lane);
      writer.delete(id, key);
      sequence = pipeline.commit(lane, writer, durability, true);
    } finally {
      pipeline.unlock(lane);
    }
    pipeline.awaitDurable(sequence, durability);
  }

  /** What a read and a write in one decide. */
  private interface Decision<T> {
    /** Looks, and writes to `writer` what is to be committed, if anything. */
    @Nullable T decide(MutationWriter writer);
  }

  /** Reads and writes while nobody else commits. */
  private <T> @Nullable T decide(boolean freesSpace, Decision<T> decision) {
    CommitPipeline pipeline = store.pipeline();
    Durability durability = store.options().durability();
    long sequence = 0;
    @Nullable T answer;
    pipeline.awaitRoom(state.engine(), DECIDED_BYTES, !freesSpace);
    pipeline.lockAll();
    try {
      requireReadable();
      MutationWriter writer = pipeline.scratch(0);
      answer = decision.decide(writer);
      if (writer.count() > 0) {
        sequence = pipeline.commit(0, writer, durability, freesSpace);
      }
    } finally {
      pipeline.unlockAll();
    }
    pipeline.awaitDurable(sequence, durability);
    return answer;
  }

  private <T> T decideAlways(boolean freesSpace, Decision<T> decision) {
    return Objects.requireNonNull(decide(freesSpace, decision));
  }

  private byte @Nullable [] newest(byte[] key) {
    return state.engine().get(key, Engine.LATEST);
  }

  @Override
  public byte @Nullable [] remove(byte[] key) {
    Limits.checkKey(key);
    return this.<byte[]>decide(
        true,
        writer -> {
          byte @Nullable [] current = newest(key);
          if (current != null) {
            writer.delete(id, key);
          }
          return current;
        });
  }

  @Override
  public byte @Nullable [] getAndPut(byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    return this.<byte[]>decide(
        false,
        writer -> {
          byte @Nullable [] current = newest(key);
          writer.put(id, key, value);
          return current;
        });
  }

  @Override
  public byte @Nullable [] putIfAbsent(byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    return this.<byte[]>decide(
        false,
        writer -> {
          byte @Nullable [] current = newest(key);
          if (current == null) {
            writer.put(id, key, value);
          }
          return current;
        });
  }

  @Override
  public byte @Nullable [] replace(byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    return this.<byte[]>decide(
        false,
        writer -> {
          byte @Nullable [] current = newest(key);
          if (current != null) {
            writer.put(id, key, value);
          }
          return current;
        });
  }

  @Override
  public SwapResult compareAndSet(
      byte[] key, byte @Nullable [] expected, byte @Nullable [] updated) {
    Limits.checkKey(key);
    if (updated != null) {
      Limits.checkValue(updated);
    }
    return this.<SwapResult>decideAlways(
        updated == null,
        writer -> {
          byte @Nullable [] current = newest(key);
          if (!Arrays.equals(current, expected)) {
            return new SwapResult.Refused(current, updated);
          }
          if (updated != null) {
            writer.put(id, key, updated);
          } else if (current != null) {
            writer.delete(id, key);
          }
          return new SwapResult.Swapped(current, updated);
        });
  }

  @Override
  public byte @Nullable [] update(byte[] key, UnaryOperator<byte @Nullable []> function) {
    byte @Nullable [] current = get(key);
    while (true) {
      byte @Nullable [] updated = function.apply(current == null ? null : current.clone());
      switch (compareAndSet(key, current, updated)) {
        case SwapResult.Swapped swapped -> {
          return swapped.updated();
        }
        case SwapResult.Refused refused -> current = refused.current();
      }
    }
  }

  @Override
  public long increment(byte[] key, long delta) {
    Limits.checkKey(key);
    return count(key, current -> StoreCounter.sum(current, delta), false);
  }

  @Override
  public Counter counter(byte[] key) {
    return new StoreCounter(this, key);
  }

  /// Changes the counter at a key, which is within the limits.
  ///
  /// @param answersPrevious whether what it was is answered, rather than what it is now
  long count(byte[] key, StoreCounter.Change change, boolean answersPrevious) {
    return this.<Long>decideAlways(
        false,
        writer -> {
          byte @Nullable [] value = newest(key);
          long current = value == null ? 0 : Counter.decode(value);
          long updated = change.of(current);
          if (updated != current) {
            writer.put(id, key, Counter.encode(updated));
          }
          return answersPrevious ? current : updated;
        });
  }

  @Override
  public @Nullable Entry popFirst(KeyRange range) {
    return pop(range, true);
  }

  @Override
  public @Nullable Entry popLast(KeyRange range) {
    return pop(range, false);
  }

  private @Nullable Entry pop(KeyRange range, boolean first) {
    requireOrder(first ? "popFirst" : "popLast");
    return this.<Entry>decide(
        true,
        writer -> {
          @Nullable Entry entry = first ? first(range) : last(range);
          if (entry != null) {
            writer.delete(id, entry.key());
          }
          return entry;
        });
  }

  @Override
  public void deleteRange(KeyRange range) {
    if (!range.isAll()) {
      requireOrder("deleteRange of a part");
    }
    if (range.isEmpty()) {
      return;
    }
    int _ =
        this.<Integer>decideAlways(
            true,
            writer -> {
              writer.deleteRange(id, range);
              return 0;
            });
  }

  @Override
  public BulkLoad bulkLoad() {
    store.pipeline().requireUsable();
    requireReadable();
    return new StoreBulkLoad(this);
  }

  @Override
  public KeyspaceView at(Snapshot snapshot) {
    if (!(snapshot instanceof StoreSnapshot own) || own.store() != store) {
      throw new UsageException("the snapshot is of another store");
    }
    if (own.sequenceNumber() < state.createdAt()) {
      throw new UsageException(
          "the keyspace '" + name() + "' is younger than the snapshot; take a new one");
    }
    return new SnapshotView(this, own);
  }

  @Override
  public KeyspaceStats stats() {
    requireReadable();
    return state.stats();
  }

  @Override
  public String toString() {
    return "keyspace " + id + " (" + options().engine() + ")";
  }

  /// As [dev.varve.kv.Store#compact(Keyspace, KeyRange, ProgressListener)].
  void compact(KeyRange range, ProgressListener listener) {
    CommitPipeline pipeline = store.pipeline();
    pipeline.requireUsable();
    pipeline.lockLanes();
    try {
      state.engine().prepareFlush();
    } finally {
      pipeline.unlockAll();
    }
    try {
      state.engine().compact(range, listener);
    } catch (CancellationException e) {
      requireReadable();
      throw e;
    } catch (IOException e) {
      pipeline.requireUsable();
      throw new StoreIoException(
          "the files of keyspace '" + state.name() + "' cannot be compacted", e);
    }
  }
}
