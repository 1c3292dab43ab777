package dev.varve.rigs;

import dev.varve.kv.EngineKind;
import dev.varve.model.Difference;
import dev.varve.model.ModelCheck;
import dev.varve.model.OperationList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Runs one list of operations on stores of every engine and with many sets of options, and on a
/// model: whatever the options, every answer is the model's.
///
/// A list that shows a difference is made as short as it goes, the options too, and written to a
/// file that repeats it.
///
/// @threads safe: runs may go on beside each other
final class MetamorphicRig {
  /// What a run is of.
  ///
  /// @param engine of its keyspaces
  /// @param options that it has
  /// @param seed of the list, and of the lanes and background work
  /// @param bug what is wrong with the engines on purpose
  record Run(EngineKind engine, OptionSet options, long seed, PlantedBug bug) {
    Run with(OptionSet others) {
      return new Run(engine, others, seed, bug);
    }

    /** As options have it. */
    String engineName() {
      return engine.name().toLowerCase(Locale.ROOT);
    }
  }

  /** How many lists that fail are reduced: more tend to have the same cause. */
  private static final int REDUCED_MAX = 4;

  /** Of a file. */
  private static final int NAME_MAX = 80;

  private final Path failures;
  private final Findings findings;

  /** The checksum over the history of the first run, for engines with order and without. */
  private final Map<String, Long> histories = new HashMap<>();

  /// @param failures the directory that lists which fail are written to
  MetamorphicRig(Path failures, Findings findings) {
    this.failures = failures;
    this.findings = findings;
  }

  /// Runs a list once. Answers where the store differs from the model, or null.
  static @Nullable Difference check(
      OperationList list, Run run, Consumer<String> history, Findings counted) {
    @Nullable MetamorphicLife life = null;
    try {
      life = new MetamorphicLife(run.engine, run.options, run.seed, run.bug);
      @Nullable Difference difference = ModelCheck.run(list, life, history);
      if (difference != null) {
        life.abandon();
        return difference;
      }
      life.close();
    } catch (RuntimeException | Error e) {
      if (life != null) {
        life.abandon();
      }
      return new Difference(list.operations().size(), "close", "done", e.toString(), e);
    }
    counted.count("runs", 1);
    counted.count("operations", list.operations().size());
    counted.count("openings", life.openings());
    life.work().count(counted);
    return null;
  }

  /// Runs a list, and makes a violation of a difference.
  ///
  /// @param name tells histories that must be equal from others
  /// @param repeat the arguments of the command that repeat the run
  /// @return whether every answer was the model's
  boolean run(String name, OperationList list, Run run, String repeat) {
    CRC32C history = new CRC32C();
    Findings own = new Findings();
    @Nullable Difference difference = check(list, run, line -> update(history, line), own);
    findings.add(own);
    if (difference == null) {
      return compare(name + run.engine.isOrdered(), history.getValue(), repeat);
    }
    report(list, run, difference, repeat);
    return false;
  }

  private static void update(CRC32C history, String line) {
    for (int i = 0; i < line.length(); i++) {
      history.update(line.charAt(i));
    }
    history.update('\n');
  }

  /** A model that answers differently from run to run would be no model. */
  private synchronized boolean compare(String name, long history, String repeat) {
    Long first = histories.putIfAbsent(name, history);
    boolean same = first == null || first == history;
    if (!same) {
      findings.violation(
          new Violation(
              "metamorphic", repeat, "another history than that of the run before it", null));
    }
    return same;
  }

  private void report(OperationList list, Run run, Difference difference, String repeat) {
    String found = difference + "\n  with " + run.options;
    if (findings.violationCount() >= REDUCED_MAX) {
      findings.violation(new Violation("metamorphic", repeat, found, difference.cause()));
      return;
    }
    MetamorphicReduction reduction = new MetamorphicReduction(list, run, difference);
    String name = repeat.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    Path file = failures.resolve(name.substring(Math.max(0, name.length() - NAME_MAX)) + ".txt");
    String again = "varve-rigs metamorphic --list " + file;
    try {
      Files.createDirectories(failures);
      Files.writeString(file, reduction.list(repeat, again).toText());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    findings.violation(
        new Violation(
            "metamorphic",
            repeat,
            found + "\n  reduced to " + reduction + "\n  or repeat with: " + again,
            reduction.shown().cause()));
  }
}
