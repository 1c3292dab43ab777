package dev.varve.kv;

import java.time.Duration;
import java.util.List;

/// What a check of a store looked at and found.
///
/// @param files how many files were read
/// @param bytes how many bytes
/// @param entries how many entries were compared, in a deep check
/// @param problems what is wrong, one sentence each; empty for a sound store
/// @param elapsed how long it took
public record VerifyReport(
    int files, long bytes, long entries, List<String> problems, Duration elapsed) {
  public VerifyReport {
    problems = List.copyOf(problems);
  }

  /// Whether nothing is wrong.
  public boolean isSound() {
    return problems.isEmpty();
  }
}
