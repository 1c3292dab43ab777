package dev.varve.rigs;

import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.StoreOptions;
import java.util.function.Function;

/// How a rig's store is set up.
///
/// @param seed of identities and of when background work runs
/// @param options of the store
/// @param keyspaces what a keyspace of a name is made with
/// @param tuning of its engines
/// @param bug what is wrong with them on purpose
/// @param threads whether background work has threads and time is the machine's: then a run does
///   not repeat exactly
record RigSetup(
    long seed,
    StoreOptions options,
    Function<String, KeyspaceOptions> keyspaces,
    EngineTuning tuning,
    PlantedBug bug,
    boolean threads) {}
