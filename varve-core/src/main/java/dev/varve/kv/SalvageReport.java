package dev.varve.kv;

import java.time.Duration;
import java.util.List;

/// What was saved from a damaged store, and what was not.
///
/// @param keyspaces how many keyspaces the new store has
/// @param entries how many entries it has
/// @param commits how many commits of the log went into it
/// @param losses what could not be read, one sentence each
/// @param elapsed how long it took
public record SalvageReport(
    int keyspaces, long entries, long commits, List<String> losses, Duration elapsed) {
  public SalvageReport {
    losses = List.copyOf(losses);
  }
}
