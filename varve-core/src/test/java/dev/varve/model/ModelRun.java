package dev.varve.model;

import java.util.function.Predicate;

/// Carries out a list of operations on the model of a store.
///
/// @threads one at a time
final class ModelRun {
  /** The number of the snapshot of [Step.TakeSnapshot]. */
  static final int HELD = 0;

  private final ModelStore store;
  private final ModelHandles handles = new ModelHandles();
  private final ModelWrites writes;
  private final ModelReads reads;

  /// @param ordered whether a keyspace of this name takes calls that need order
  ModelRun(Predicate<String> ordered) {
    this.store = new ModelStore(ordered);
    this.writes = new ModelWrites(store);
    this.reads = new ModelReads(store, handles);
  }

  ModelStore store() {
    return store;
  }

  /// What the list has open.
  ModelHandles handles() {
    return handles;
  }

  /// Carries out an operation and answers it.
  String answer(Operation operation) {
    return switch (operation) {
      case Step step -> answer(step);
      case Operation.Write write -> writes.answer(write);
      case Operation.Distinct distinct -> writes.batch(distinct.batch().changes());
      case Operation.AbandonedLoad load -> writes.load(load.load(), false);
      case Operation.Read read -> reads.answer(read);
      case Operation.Handle handle -> reads.answer(handle);
      case Operation.Move move -> reads.answer(move);
      case Operation.Compact compact ->
          store.find(compact.keyspace()) == null
              ? Answers.noKeyspace(compact.keyspace())
              : Answers.DONE;
      case Operation.Verify _ -> Answers.DONE;
      case Operation.Everything _ -> everything();
      case Operation.Kill _, Operation.Cut _ -> {
        handles.died();
        yield everything();
      }
    };
  }

  private String everything() {
    return Answers.everything(store.everything(store.newest()));
  }

  private String answer(Step step) {
    return switch (step) {
      case Step.Change change -> writes.answer(change);
      case Step.Batch batch -> writes.batch(batch.changes());
      case Step.Load load -> writes.load(load, true);
      case Step.PutIfAbsent put -> writes.putIfAbsent(put);
      case Step.Swap swap -> writes.swap(swap);
      case Step.Create create -> writes.create(create.keyspace());
      case Step.Drop drop -> writes.drop(drop.keyspace());
      case Step.TakeSnapshot _ -> reads.openSnapshot(HELD);
      case Step.CheckSnapshot _ -> reads.held(HELD);
      case Step.Sync _, Step.Flush _, Step.Idle _ -> Answers.DONE;
      case Step.Reopen _ -> {
        handles.reopened();
        yield everything();
      }
    };
  }
}
