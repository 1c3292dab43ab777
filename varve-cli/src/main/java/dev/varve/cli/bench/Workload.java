package dev.varve.cli.bench;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.UsageException;
import java.util.Arrays;
import java.util.Locale;

/// What is measured, in the order in which it runs: the same as in the rows of `varve-bench` that
/// set Varve beside other products.
public enum Workload {
  /// Puts of new keys in their order.
  SEQUENTIAL(true),
  /// Commits of 1,000 puts of new keys in random order.
  BATCH(true),
  /// Puts that are on the device when they return, in groups where several threads put.
  SYNC(true),
  /// Puts of new keys in random order.
  PUT(false),
  /// Gets of keys that are there.
  GET(false),
  /// Gets of keys that are not there.
  MISSING(false),
  /// Steps of a walk over everything from the first key on.
  FORWARD(false),
  /// Steps of a walk over everything from the last key back.
  BACKWARD(false),
  /// Seeks of a random key with 10 further steps.
  SEEK(false),
  /// Puts of keys that are there.
  OVERWRITE(false),
  /// Puts and gets of keys that are there, in turns.
  HALF(false),
  /// What the store takes when everything is in files.
  DISK(false),
  /// An opening, to the first get.
  REOPEN(false);

  private final boolean alone;

  Workload(boolean alone) {
    this.alone = alone;
  }

  /// Whether it begins with a store of its own, rather than with what the others left.
  boolean isAlone() {
    return alone;
  }

  /// Whether it needs an engine that keeps an order.
  boolean isOrdered() {
    return this == FORWARD || this == BACKWARD || this == SEEK;
  }

  /// The workload of this name.
  ///
  /// @throws UsageException when there is none
  public static Workload named(String name) {
    for (Workload workload : values()) {
      if (workload.text().equals(name.toLowerCase(Locale.ROOT))) {
        return workload;
      }
    }
    throw new UsageException(
        "there is no workload '"
            + name
            + "'; "
            + Nearest.hint(name, Arrays.stream(values()).map(Workload::text).toList()));
  }

  /// The name.
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
