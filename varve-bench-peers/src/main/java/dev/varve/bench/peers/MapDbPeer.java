package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// MapDB, its `BTreeMap`.
public final class MapDbPeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public MapDbPeer() {}

  @Override
  public String name() {
    return "MapDB";
  }

  @Override
  public Set<Trait> traits() {
    return EnumSet.of(Trait.ORDERED, Trait.CONCURRENT, Trait.KEEPS, Trait.SYNCS);
  }

  @Override
  public String about() {
    return "mapped file without a log: it must be closed, a kill loses the store, as documented;"
        + " synced: with its log and commit(); its cache is the system's, without limit";
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new MapDbStore(directory, settings);
  }
}
