package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Xodus, its layer of key-value stores.
public final class XodusPeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public XodusPeer() {}

  @Override
  public String name() {
    return "Xodus";
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
    return "durableWrite off: a commit is in its log file when it returns, a kill loses nothing;"
        + " synced: durableWrite on; not compressed";
  }

  @Override
  public List<String> jvmFlags() {
    return List.of();
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new XodusStore(directory, settings);
  }
}
