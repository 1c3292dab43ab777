package dev.varve.cli.text;

import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceStats;

/// How many entries a keyspace has: counted one by one where the engine only guesses and that is
/// quick, else the guess.
///
/// @param entries how many
/// @param exact whether it is no guess
public record EntryCount(long entries, boolean exact) {
  private static final long COUNTED_MAX = 1_000_000;

  /// Of a keyspace whose figures are `stats`.
  public static EntryCount of(Keyspace keyspace, KeyspaceStats stats) {
    if (stats.engine().isCounted()) {
      return new EntryCount(stats.entries(), true);
    }
    return stats.revisions() <= COUNTED_MAX
        ? new EntryCount(keyspace.count(), true)
        : new EntryCount(stats.entries(), false);
  }

  @Override
  public String toString() {
    return (exact ? "" : "about ") + Amounts.count(entries);
  }
}
