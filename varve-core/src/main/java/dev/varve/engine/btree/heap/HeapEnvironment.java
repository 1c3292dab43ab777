package dev.varve.engine.btree.heap;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.nio.file.Path;

/// What the heap of one keyspace is given of its store.
///
/// @param fileSystem where its files are
/// @param directory the store's directory
/// @param store the store's identity
/// @param keyspace the number of the keyspace
/// @param clock the time
/// @param epochs what readers of objects are inside; the heap moves them on
/// @param budget what it accounts its memory to
public record HeapEnvironment(
    FileSystem fileSystem,
    Path directory,
    StoreId store,
    int keyspace,
    Clock clock,
    ReaderEpochs epochs,
    MemoryBudget budget) {}
