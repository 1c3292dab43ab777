package dev.varve.bench.peers;

import dev.varve.bench.OrderedStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;

/// RocksDB through its Java binding.
public final class RocksPeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public RocksPeer() {}

  @Override
  public String name() {
    return "RocksDB";
  }

  @Override
  public OrderedStore open(Path directory, Settings settings) {
    return new RocksStore(directory, settings);
  }
}
