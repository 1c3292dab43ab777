package dev.varve.kv;

/// When a write is acknowledged, hence what it survives.
///
/// | level | acknowledged when | a process kill loses | a power cut loses |
/// |---|---|---|---|
/// | [#SYNC] | this commit's own sync is done | nothing | nothing |
/// | [#GROUP] | a shared sync that covers it is done | nothing | nothing |
/// | [#PERIODIC] | it is in the log | nothing | at most the interval and one sync |
/// | [#NONE] | it is in the log | nothing | back to a prefix of all commits |
///
/// Whatever the levels in one run, what is recovered is a prefix of the one order of commits, each
/// commit whole. A weaker level never weakens an earlier acknowledged write.
public enum Durability {
  /// Waits for a sync that this commit alone asks for.
  SYNC,
  /// Waits for a sync, which all who wait at the time share.
  GROUP,
  /// Does not wait; a sync runs every interval, and writers are slowed when it runs late.
  PERIODIC,
  /// Does not wait, and nothing is synced on its behalf.
  NONE
}
