package dev.varve.rigs;

import dev.varve.model.Difference;
import dev.varve.model.Operation;
import dev.varve.model.OperationList;
import dev.varve.model.OperationReducer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A run that showed a difference, made as short as it goes: the operations first, then the
/// options, then the operations once more.
///
/// @threads one at a time
final class MetamorphicReduction {
  /** How many shorter lists are tried. */
  private static final int TRIALS_MAX = 2_000;

  /** With threads a list that failed may not fail again at once. */
  private static final int TRIES_WITH_THREADS = 5;

  /** Then what there is will have to do. */
  private static final long NANOS_MAX = 120_000_000_000L;

  private final long begun = System.nanoTime();

  private MetamorphicRig.Run run;
  private List<Operation> operations;
  private Difference shown;

  /// @param list what was run
  /// @param run how it was run
  /// @param shown what came of it
  MetamorphicReduction(OperationList list, MetamorphicRig.Run run, Difference shown) {
    int end = Math.min(shown.index() + 1, list.operations().size());
    this.run = run;
    this.operations = list.operations().subList(0, end);
    this.shown = shown;
    reduceOperations();
    reduceOptions();
    reduceOperations();
  }

  private boolean fails(List<Operation> candidate, MetamorphicRig.Run with) {
    int tries = with.options().hasThreads() ? TRIES_WITH_THREADS : 1;
    for (int i = 0; i < tries && System.nanoTime() - begun < NANOS_MAX; i++) {
      @Nullable Difference difference =
          MetamorphicRig.check(OperationList.of(candidate), with, line -> {}, new Findings());
      if (difference != null) {
        shown = difference;
        return true;
      }
    }
    return false;
  }

  private void reduceOperations() {
    operations = OperationReducer.reduce(operations, shorter -> fails(shorter, run), TRIALS_MAX);
  }

  /** Leaves out each option without which the list fails as well. */
  private void reduceOptions() {
    for (String name : List.copyOf(run.options().values().keySet())) {
      MetamorphicRig.Run fewer = run.with(run.options().without(name));
      if (fails(operations, fewer)) {
        run = fewer;
      }
    }
  }

  /// The list, with all that repeats its failure.
  ///
  /// @param found the arguments of the command that repeat the run as it was
  /// @param repeat the command that runs this list
  OperationList list(String found, String repeat) {
    Map<String, String> notes = new LinkedHashMap<>();
    notes.put("engine", run.engineName());
    notes.put("options", run.options().toString());
    notes.put("seed", "" + run.seed());
    if (run.bug() != PlantedBug.NONE) {
      notes.put("bug", run.bug().toString());
    }
    notes.put("shows", shown.toString().lines().findFirst().orElse(""));
    notes.put("found-with", "varve-rigs metamorphic " + found);
    notes.put("repeat-with", repeat);
    return new OperationList(notes, operations);
  }

  /// What the list shows.
  Difference shown() {
    return shown;
  }

  /// In a few words.
  @Override
  public String toString() {
    return operations.size() + " operations, " + shown + "\n  with " + run.options();
  }
}
