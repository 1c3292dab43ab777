package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// Figures of one keyspace at one moment.
///
/// @param id its number
/// @param name its name
/// @param engine its engine
/// @param entries how many entries it has; of an engine that does not count them it is a guess, off
///   by what was overwritten or deleted and not compacted yet
/// @param keyBytes the bytes of all their keys
/// @param valueBytes the bytes of all their values
/// @param memoryBytes what the engine holds in memory, payload included
/// @param revisions how many revisions it keeps, the newest of each key included
/// @param flushedThrough its files hold every commit up to this number
/// @param fileBytes the bytes of its files
/// @param lsm more, of a keyspace of the engine LSM; null for others
/// @param btree more, of a keyspace of the engine BTREE; null for others
public record KeyspaceStats(
    int id,
    String name,
    EngineKind engine,
    long entries,
    long keyBytes,
    long valueBytes,
    long memoryBytes,
    long revisions,
    long flushedThrough,
    long fileBytes,
    @Nullable LsmStats lsm,
    @Nullable BtreeStats btree) {}
