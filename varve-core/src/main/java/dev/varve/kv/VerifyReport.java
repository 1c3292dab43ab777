package dev.varve.kv;

import java.time.Duration;
import java.util.List;

/// What a check of a store looked at and found.
///
/// @param files how many files were read
/// @param bytes how many bytes
/// @param entries how many entries were compared, in a deep check
/// @param problems what is wrong, one sentence each; empty for a sound store
/// @param notices what lies beside the store's files and is no damage, one sentence each
/// @param elapsed how long it took
public record VerifyReport(
    int files,
    long bytes,
    long entries,
    List<String> problems,
    List<String> notices,
    Duration elapsed) {
  public VerifyReport {
    problems = List.copyOf(problems);
    notices = List.copyOf(notices);
  }

  /// Whether nothing is wrong.
  public boolean isSound() {
    return problems.isEmpty();
  }
}
