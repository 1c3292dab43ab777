package dev.varve.model;

import dev.varve.kv.Cursor;
import dev.varve.kv.Entry;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.LimitException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.UsageException;
import dev.varve.kv.VerifyReport;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Carries out a list of operations on a store, in the words of [ModelRun].
///
/// @threads one at a time
final class StoreRun {
  private final StoreLife life;
  private final Map<Integer, Snapshot> snapshots = new HashMap<>();
  private final Map<Integer, StoreCursorRun> cursors = new HashMap<>();
  private @Nullable RuntimeException lastProblem;

  StoreRun(StoreLife life) {
    this.life = life;
  }

  private Store store() {
    return life.store();
  }

  private StoreSteps steps() {
    return new StoreSteps(store(), life::options);
  }

  /// An answer, or the name of what is wrong with the question. Whatever else a store throws is no
  /// answer.
  String answerOrProblem(Supplier<String> question) {
    try {
      return question.get();
    } catch (LimitException
        | UsageException
        | StoreClosedException
        | NoSuchElementException problem) {
      lastProblem = problem;
      return problem.getClass().getSimpleName();
    }
  }

  /// The last problem that was an answer, or null.
  @Nullable RuntimeException lastProblem() {
    return lastProblem;
  }

  /// Carries out an operation and answers it. What ends a life of the store is not for here.
  String answer(Operation operation) {
    return switch (operation) {
      case Step step -> answer(step);
      case Operation.Write write -> in(write.keyspace(), keyspace -> answer(write, keyspace));
      case Operation.Distinct distinct -> batch(distinct.batch(), true);
      case Operation.AbandonedLoad load ->
          in(
              load.load().keyspace(),
              keyspace -> {
                steps().load(load.load(), false);
                return Answers.DONE;
              });
      case Operation.Read read ->
          in(read.view(), view -> answer(read, view, isOrdered(read.view().keyspace())));
      case Operation.Handle handle -> answer(handle);
      case Operation.Move move -> {
        @Nullable StoreCursorRun cursor = cursors.get(move.cursor());
        yield cursor == null ? Answers.noCursor(move.cursor()) : cursor.answer(move);
      }
      case Operation.Compact compact ->
          in(
              compact.keyspace(),
              keyspace -> {
                store().compact(keyspace, compact.span().range(), ProgressListener.NONE);
                return Answers.DONE;
              });
      case Operation.Verify verify -> verify(verify.deep());
      case Operation.Everything _ -> Answers.everything(everything());
      case Operation.Kill _, Operation.Cut _ ->
          throw new IllegalArgumentException("not for the store alone: " + operation);
    };
  }

  /** A question to a keyspace or to a view of it. */
  private interface Question<T> {
    String answer(T of);
  }

  private String in(String name, Question<Keyspace> question) {
    Optional<Keyspace> keyspace = store().findKeyspace(name);
    return keyspace.isPresent() ? question.answer(keyspace.get()) : Answers.noKeyspace(name);
  }

  private String in(Operation.View view, Question<KeyspaceView> question) {
    return in(
        view.keyspace(),
        keyspace -> {
          if (view.snapshot() == Operation.View.NOW) {
            return question.answer(keyspace);
          }
          @Nullable Snapshot snapshot = snapshots.get(view.snapshot());
          return snapshot == null
              ? Answers.noSnapshot(view.snapshot())
              : question.answer(keyspace.at(snapshot));
        });
  }

  private boolean isOrdered(String name) {
    return life.options(name).engine().isOrdered();
  }

  private String answer(Step step) {
    return switch (step) {
      case Step.Batch batch -> batch(batch, false);
      case Step.Change change -> perform(change.keyspace(), step);
      case Step.Load load -> perform(load.keyspace(), step);
      case Step.PutIfAbsent put ->
          in(
              put.keyspace(),
              keyspace -> Answers.bytes(keyspace.putIfAbsent(put.key(), put.value())));
      case Step.Swap swap ->
          in(
              swap.keyspace(),
              keyspace ->
                  Answers.swap(
                      keyspace.compareAndSet(swap.key(), swap.expected(), swap.updated())));
      case Step.Create _, Step.Drop _, Step.Sync _, Step.Flush _ -> {
        steps().perform(step);
        yield Answers.DONE;
      }
      case Step.TakeSnapshot _ -> openSnapshot(ModelRun.HELD);
      case Step.CheckSnapshot _ -> held(ModelRun.HELD);
      case Step.Idle _, Step.Reopen _ ->
          throw new IllegalArgumentException("not for the store alone: " + step);
    };
  }

  private String perform(String name, Step step) {
    return in(
        name,
        keyspace -> {
          steps().perform(step);
          return Answers.DONE;
        });
  }

  private String batch(Step.Batch batch, boolean distinct) {
    for (Step.Change change : batch.changes()) {
      if (store().findKeyspace(change.keyspace()).isEmpty()) {
        return Answers.noKeyspace(change.keyspace());
      }
    }
    if (distinct) {
      store()
          .write(steps().encoded(batch).deduplicate(), batch.level(store().options().durability()));
    } else {
      steps().perform(batch);
    }
    return Answers.DONE;
  }

  private static String answer(Operation.Write write, Keyspace keyspace) {
    return switch (write) {
      case Operation.Replace(String _, byte[] key, byte[] value) ->
          Answers.bytes(keyspace.replace(key, value));
      case Operation.Remove(String _, byte[] key) -> Answers.bytes(keyspace.remove(key));
      case Operation.Update(String _, byte[] key, byte[] more) ->
          Answers.bytes(keyspace.update(key, current -> ModelWrites.longer(current, more)));
      case Operation.Increment(String _, byte[] key, long delta) ->
          "" + keyspace.increment(key, delta);
      case Operation.Pop pop -> entry(pop.first() ? keyspace.popFirst() : keyspace.popLast());
    };
  }

  private static String entry(@Nullable Entry entry) {
    return entry == null ? Answers.bytes(null) : Answers.entry(entry.key(), entry.value());
  }

  private static String answer(Operation.Read read, KeyspaceView view, boolean ordered) {
    return switch (read) {
      case Operation.Get(Operation.View _, byte[] key) -> Answers.bytes(view.get(key));
      case Operation.Contains(Operation.View _, byte[] key) -> "" + view.contains(key);
      case Operation.GetAll(Operation.View _, List<byte[]> keys) -> {
        StringJoiner values = new StringJoiner(" ", "[", "]");
        view.getAll(keys).forEach(value -> values.add(Answers.bytes(value)));
        yield values.toString();
      }
      case Operation.End(Operation.View _, Span span, boolean first) ->
          entry(first ? view.first(span.range()) : view.last(span.range()));
      case Operation.Neighbour(Operation.View _, byte[] key, boolean below) ->
          entry(below ? view.below(key) : view.above(key));
      case Operation.Count(Operation.View _, Span span) -> "" + view.count(span.range());
      case Operation.Empty _ -> "" + view.isEmpty();
      case Operation.Entries(Operation.View _, Span span, int limit) ->
          entries(view.entries(span.range(), limit), limit, ordered);
    };
  }

  private static String entries(List<Entry> entries, int limit, boolean ordered) {
    SortedMap<byte[], byte[]> sorted = new TreeMap<>(Arrays::compareUnsigned);
    byte @Nullable [] before = null;
    for (Entry entry : entries) {
      if (ordered && before != null && Arrays.compareUnsigned(before, entry.key()) >= 0) {
        return Answers.bytes(entry.key()) + " comes behind " + Answers.bytes(before);
      }
      before = entry.key();
      sorted.put(entry.key(), entry.value());
    }
    if (sorted.size() != entries.size()) {
      return "the same entry more than once";
    }
    boolean isPart = !ordered && entries.size() == limit;
    return isPart ? limit + " entries" : Answers.entries(sorted, limit, ordered);
  }

  private String answer(Operation.Handle handle) {
    return switch (handle) {
      case Operation.OpenSnapshot(int snapshot) -> openSnapshot(snapshot);
      case Operation.CloseSnapshot(int snapshot) ->
          closeSnapshot(snapshot) ? Answers.DONE : Answers.noSnapshot(snapshot);
      case Operation.OpenCursor(int cursor, Operation.View view, Span span) -> {
        boolean _ = closeCursor(cursor);
        yield in(
            view,
            keyspace -> {
              Cursor made = keyspace.cursor(span.range());
              cursors.put(cursor, new StoreCursorRun(this, made, isOrdered(view.keyspace())));
              return Answers.DONE;
            });
      }
      case Operation.CloseCursor(int cursor) ->
          closeCursor(cursor) ? Answers.DONE : Answers.noCursor(cursor);
    };
  }

  private String openSnapshot(int snapshot) {
    boolean _ = closeSnapshot(snapshot);
    snapshots.put(snapshot, store().snapshot());
    return Answers.DONE;
  }

  private boolean closeSnapshot(int snapshot) {
    @Nullable Snapshot open = snapshots.remove(snapshot);
    if (open != null) {
      open.close();
    }
    return open != null;
  }

  private boolean closeCursor(int cursor) {
    @Nullable StoreCursorRun open = cursors.remove(cursor);
    if (open != null) {
      open.close();
    }
    return open != null;
  }

  private String verify(boolean deep) {
    VerifyReport report = store().verify(deep, ProgressListener.NONE);
    return report.isSound() ? Answers.DONE : "not sound: " + report.problems();
  }

  private String held(int number) {
    @Nullable Snapshot snapshot = snapshots.get(number);
    if (snapshot == null) {
      return Answers.noSnapshot(number);
    }
    SortedMap<String, SortedMap<byte[], byte[]>> seen = new TreeMap<>();
    for (Keyspace keyspace : store().keyspaces()) {
      @Nullable KeyspaceView view = viewOrNull(keyspace, snapshot);
      if (view != null) {
        seen.put(keyspace.name(), entries(keyspace.name(), view));
      }
    }
    return Answers.everything(seen);
  }

  /** The keyspace at a snapshot; null when it is younger, or the snapshot another store's. */
  private static @Nullable KeyspaceView viewOrNull(Keyspace keyspace, Snapshot snapshot) {
    try {
      return keyspace.at(snapshot);
    } catch (UsageException e) {
      return null;
    }
  }

  /// All entries of all keyspaces.
  ///
  /// @throws IllegalStateException when what is asked in two ways is answered in two ways
  SortedMap<String, SortedMap<byte[], byte[]>> everything() {
    SortedMap<String, SortedMap<byte[], byte[]>> all = new TreeMap<>();
    for (Keyspace keyspace : store().keyspaces()) {
      all.put(keyspace.name(), entries(keyspace.name(), keyspace));
    }
    return all;
  }

  private SortedMap<byte[], byte[]> entries(String name, KeyspaceView view) {
    boolean ordered = isOrdered(name);
    SortedMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    try (Cursor cursor = view.cursor()) {
      long count = 0;
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        byte[] key = cursor.key();
        boolean inOrder =
            !ordered || entries.isEmpty() || Arrays.compareUnsigned(entries.lastKey(), key) < 0;
        require(inOrder, name, "key " + Answers.bytes(key) + " comes out of order");
        entries.put(key, cursor.value());
        count++;
      }
      require(count == entries.size(), name, "a walk shows a key twice");
      require(view.count() == count, name, "a walk shows " + count + ", it counts " + view.count());
      if (ordered) {
        requireBackwards(name, cursor, entries);
      }
    }
    return entries;
  }

  private static void requireBackwards(
      String name, Cursor cursor, SortedMap<byte[], byte[]> entries) {
    long count = 0;
    for (boolean valid = cursor.seekToLast(); valid; valid = cursor.previous()) {
      byte @Nullable [] forwards = entries.get(cursor.key());
      require(
          Arrays.equals(forwards, cursor.value()),
          name,
          "key " + Answers.bytes(cursor.key()) + " has another value on the way back");
      count++;
    }
    require(
        count == entries.size(),
        name,
        "a walk shows " + entries.size() + " entries, on the way back " + count);
  }

  private static void require(boolean holds, String name, String what) {
    if (!holds) {
      throw new IllegalStateException("keyspace " + name + ": " + what);
    }
  }

  /// Whether cursors are open.
  boolean holdsCursors() {
    return !cursors.isEmpty();
  }

  /// Closes everything that the list has open, of this life of the store or of an earlier one.
  void closeHandles() {
    cursors.values().forEach(StoreCursorRun::close);
    cursors.clear();
    snapshots.values().forEach(Snapshot::close);
    snapshots.clear();
  }
}
