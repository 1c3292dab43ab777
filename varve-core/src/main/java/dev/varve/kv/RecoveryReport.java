package dev.varve.kv;

import java.time.Duration;
import java.util.List;

/// What opening a store found and did.
///
/// @param created whether the store was made just now
/// @param clean whether it had been closed in order by whoever made the last commit
/// @param lastSequence the number of the last commit recovered
/// @param snapshotEntries how many entries came from the engines' own files
/// @param segments how many segments of the log were read
/// @param logBytes how many bytes of records were read
/// @param commits how many commits were replayed
/// @param tailBytesDropped how many bytes of incomplete, never acknowledged writes were left behind
/// @param tailRecordsDropped how many whole records lay among them, past a gap
/// @param notices what lies in the directory and is no part of the store, one sentence each
/// @param elapsed how long all of it took
public record RecoveryReport(
    boolean created,
    boolean clean,
    long lastSequence,
    long snapshotEntries,
    int segments,
    long logBytes,
    long commits,
    long tailBytesDropped,
    long tailRecordsDropped,
    List<String> notices,
    Duration elapsed) {
  public RecoveryReport {
    notices = List.copyOf(notices);
  }
}
