package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// RocksDB through its Java binding.
public final class RocksPeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public RocksPeer() {}

  @Override
  public String name() {
    return "RocksDB";
  }

  @Override
  public Set<Trait> traits() {
    return EnumSet.of(
        Trait.ORDERED,
        Trait.CONCURRENT,
        Trait.KEEPS,
        Trait.SURVIVES_KILL,
        Trait.SYNCS,
        Trait.SYNCED_SURVIVES_KILL);
  }

  @Override
  public String about() {
    return "sync off: in its log file when a write returns, a kill loses nothing; synced: sync on;"
        + " LZ4; memtables and block cache share the memory";
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("--enable-native-access=ALL-UNNAMED");
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new RocksStore(directory, settings);
  }
}
