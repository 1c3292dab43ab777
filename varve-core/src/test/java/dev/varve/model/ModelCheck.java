package dev.varve.model;

import dev.varve.fs.CrashImage;
import dev.varve.kv.Durability;
import dev.varve.kv.Store;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Carries out a list of operations on a store and on its model, side by side, until they differ.
///
/// @threads one at a time
public final class ModelCheck {
  /** Promises that were broken by what is not an answer. */
  private static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Broken(String what) {
      super(what);
    }
  }

  private final OperationList list;
  private final StoreLife life;
  private final Consumer<String> history;
  private final ModelRun model;
  private final StoreRun run;

  /** The keyspaces that were written to since the store was opened. */
  private final Set<String> written = new HashSet<>();

  /** Every commit up to this number survives a power cut. */
  private long durable;

  private ModelCheck(OperationList list, StoreLife life, Consumer<String> history) {
    this.list = list;
    this.life = life;
    this.history = history;
    this.model = new ModelRun(name -> life.options(name).engine().isOrdered());
    this.run = new StoreRun(life);
  }

  /// Carries out a list on a store that was just made. The snapshots and cursors that it leaves
  /// open are closed, the store is not.
  ///
  /// @param history is told each operation with the store's answer
  /// @return the first difference, or null
  public static @Nullable Difference run(
      OperationList list, StoreLife life, Consumer<String> history) {
    ModelCheck check = new ModelCheck(list, life, history);
    try {
      return check.run();
    } finally {
      check.run.closeHandles();
    }
  }

  private @Nullable Difference run() {
    List<Operation> operations = new ArrayList<>(list.operations());
    operations.add(new Operation.Everything());
    for (int i = 0; i < operations.size(); i++) {
      @Nullable Difference difference = compare(i, operations.get(i));
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private @Nullable Difference compare(int index, Operation operation) {
    long before = model.store().newest();
    String expected = model.answer(operation);
    String found;
    @Nullable Throwable cause = null;
    try {
      found = carryOut(operation);
      acknowledge(operation, before);
    } catch (Broken e) {
      found = String.valueOf(e.getMessage());
    } catch (RuntimeException | Error e) {
      found = e.toString();
      cause = e;
    }
    history.accept(OperationText.of(operation) + " -> " + found);
    if (found.equals(expected)) {
      return null;
    }
    @Nullable RuntimeException problem = run.lastProblem();
    if (problem != null && found.equals(problem.getClass().getSimpleName())) {
      cause = problem;
    }
    return new Difference(index, OperationText.of(operation), expected, explained(found), cause);
  }

  /** An answer about everything is a checksum, which says little by itself. */
  private String explained(String found) {
    if (!found.startsWith("[")) {
      return found;
    }
    ModelStore store = model.store();
    try {
      @Nullable String difference =
          Answers.difference(store.everything(store.newest()), run.everything());
      return difference == null ? found : found + ": " + difference;
    } catch (RuntimeException e) {
      return found + ": " + e;
    }
  }

  private String carryOut(Operation operation) {
    return switch (operation) {
      case Step.Idle _ -> {
        life.idle();
        yield Answers.DONE;
      }
      case Step.Reopen _ -> {
        life.reopen(run.holdsCursors());
        requireRecovered(model.store().newest());
        durable = model.store().newest();
        yield everything();
      }
      case Operation.Kill _ -> {
        life.kill();
        run.closeHandles();
        requireRecovered(model.store().newest());
        yield everything();
      }
      case Operation.Cut cut -> {
        cutPower(new CrashImage(cut.seed(), cut.mode()));
        yield everything();
      }
      default ->
          life.perform(
              operation instanceof Operation.Compact || isFirstWrite(operation),
              () -> run.answerOrProblem(() -> run.answer(operation)));
    };
  }

  /** What recovery left to be written, the first who writes to the keyspace may wait for. */
  private boolean isFirstWrite(Operation operation) {
    return switch (operation) {
      case Step.Change change -> written.add(change.keyspace());
      case Step.Batch batch -> isFirstWrite(batch);
      case Operation.Distinct distinct -> isFirstWrite(distinct.batch());
      case Step.Load load -> written.add(load.keyspace());
      case Step.PutIfAbsent put -> written.add(put.keyspace());
      case Step.Swap swap -> written.add(swap.keyspace());
      case Operation.Write write -> written.add(write.keyspace());
      default -> false;
    };
  }

  private boolean isFirstWrite(Step.Batch batch) {
    return written.addAll(batch.changes().stream().map(Step.Change::keyspace).toList());
  }

  private String everything() {
    return life.perform(false, () -> Answers.everything(run.everything()));
  }

  private void requireRecovered(long expected) {
    written.clear();
    long recovered = life.store().recovery().lastSequence();
    if (recovered != expected) {
      throw new Broken("recovered " + recovered + " commits of " + expected);
    }
  }

  /** Takes note of what an operation made durable, and of how many commits it made. */
  private void acknowledge(Operation operation, long before) {
    long issued = model.store().newest();
    boolean committed = issued > before;
    Store store = life.store();
    if (operation instanceof Operation.OpenSnapshot || operation instanceof Step.TakeSnapshot) {
      long visible = store.stats().visibleThrough();
      if (visible != issued) {
        throw new Broken("shows " + visible + " commits of " + issued);
      }
    }
    Durability own = store.options().durability();
    Durability level =
        switch (operation) {
          case Step step -> step.level(own);
          case Operation.Distinct distinct -> distinct.batch().level(own);
          default -> own;
        };
    boolean forced = committed && (level == Durability.SYNC || level == Durability.GROUP);
    if (forced || operation instanceof Step.Sync || operation instanceof Step.Flush) {
      durable = issued;
    }
  }

  /** Cuts the power, looks at what is left, and writes again what was lost. */
  private void cutPower(CrashImage image) {
    long issued = model.store().newest();
    long least = Math.max(durable, life.store().stats().durableThrough());
    if (image.mode() == CrashImage.Mode.ALL) {
      least = issued;
    }
    life.cut(image);
    run.closeHandles();
    written.clear();
    long recovered = life.store().recovery().lastSequence();
    if (recovered < least || recovered > issued) {
      throw new Broken("recovered " + recovered + " commits, not " + least + " to " + issued);
    }
    ModelStore store = model.store();
    @Nullable String difference = Answers.difference(store.everything(recovered), run.everything());
    if (difference != null) {
      throw new Broken("recovered " + recovered + " commits: " + difference);
    }
    durable = recovered;
    List<Step> lost = lost(recovered);
    store.rollBack(recovered);
    StoreSteps steps = new StoreSteps(life.store(), life::options);
    for (Step step : lost) {
      long before = store.newest();
      String _ = model.answer(step);
      String _ =
          life.perform(
              isFirstWrite(step),
              () -> {
                steps.perform(step);
                return Answers.DONE;
              });
      acknowledge(step, before);
    }
  }

  /** What leads from the state at a moment to the newest. */
  private List<Step> lost(long moment) {
    ModelStore store = model.store();
    SortedMap<String, ModelKeyspace> before = store.at(moment);
    SortedMap<String, ModelKeyspace> now = store.at(store.newest());
    List<Step> steps = new ArrayList<>();
    List<Step.Change> changes = new ArrayList<>();
    before.forEach(
        (name, keyspace) -> {
          if (now.get(name) != keyspace) {
            steps.add(new Step.Drop(name));
          }
        });
    now.forEach(
        (name, keyspace) -> {
          boolean isNew = before.get(name) != keyspace;
          if (isNew) {
            steps.add(new Step.Create(name));
          }
          SortedMap<byte[], byte[]> old =
              isNew ? new TreeMap<>(Arrays::compareUnsigned) : keyspace.entries(Span.ALL, moment);
          changes.addAll(changes(name, old, keyspace.entries(Span.ALL, store.newest())));
        });
    if (!changes.isEmpty()) {
      steps.add(new Step.Batch(changes, null));
    }
    return steps;
  }

  private static List<Step.Change> changes(
      String name, SortedMap<byte[], byte[]> old, SortedMap<byte[], byte[]> wanted) {
    List<Step.Change> changes = new ArrayList<>();
    for (Map.Entry<byte[], byte[]> entry : wanted.entrySet()) {
      if (!Arrays.equals(entry.getValue(), old.get(entry.getKey()))) {
        changes.add(new Step.Put(name, entry.getKey(), entry.getValue(), null));
      }
    }
    for (byte[] key : old.keySet()) {
      if (!wanted.containsKey(key)) {
        changes.add(new Step.Delete(name, key, null));
      }
    }
    return changes;
  }
}
