package dev.varve.engine;

import dev.varve.kv.BtreeStats;
import dev.varve.kv.LsmStats;
import org.jspecify.annotations.Nullable;

/// Figures of an engine at one moment.
///
/// @param entries how many entries it has; of an engine whose entries are in files it is a guess,
///   off by what was overwritten or deleted and not compacted yet
/// @param keyBytes the bytes of all their keys
/// @param valueBytes the bytes of all their values
/// @param memoryBytes what it holds in memory, payload included
/// @param revisions how many revisions it keeps, the newest of each key included
/// @param fileBytes the bytes of its files
/// @param lsm more, of the engine LSM; null for others
/// @param btree more, of the engine BTREE; null for others
public record EngineStats(
    long entries,
    long keyBytes,
    long valueBytes,
    long memoryBytes,
    long revisions,
    long fileBytes,
    @Nullable LsmStats lsm,
    @Nullable BtreeStats btree) {}
