package dev.varve.cli.bench;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.UsageException;
import java.util.Arrays;
import java.util.Locale;

/// What is measured, in the order in which it runs.
public enum Workload {
  /// Puts of new keys in random order.
  PUT,
  /// Gets of keys that are there.
  GET,
  /// Gets of keys that are not there.
  MISSING,
  /// Walks over 100 entries from a random key on.
  SCAN,
  /// Commits of 100 puts of keys that are there.
  BATCH;

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
