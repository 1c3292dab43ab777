package dev.varve.fs;

import java.time.Instant;

/// Who holds a lock.
///
/// @param processId the number of the holder's process
/// @param since when the lock was taken
/// @param thisProcess whether it is the process that asked
public record LockHolder(long processId, Instant since, boolean thisProcess) {}
