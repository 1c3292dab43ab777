package dev.varve.engine;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.KeyspaceOptions;
import java.nio.file.Path;

/// What an engine is given of its store.
///
/// @param keyspace the number of its keyspace
/// @param name the name of its keyspace
/// @param options what the keyspace was made with
/// @param fileSystem where its files are
/// @param directory the store's directory
/// @param store the store's identity
/// @param visibility what readers see
/// @param epochs tells when memory can be used again; its writer's side is free during
///   [Engine#apply] and [Engine#finish]
/// @param budget what it accounts its memory to
/// @param background runs what nobody waits for
/// @param cache where blocks of files are kept, within the budget
/// @param services what it may ask of its store
/// @param random for hash keys
/// @param clock the time
public record EngineContext(
    int keyspace,
    String name,
    KeyspaceOptions options,
    FileSystem fileSystem,
    Path directory,
    StoreId store,
    Visibility visibility,
    ReaderEpochs epochs,
    MemoryBudget budget,
    Background background,
    BlockCache cache,
    EngineServices services,
    RandomSource random,
    Clock clock) {}
