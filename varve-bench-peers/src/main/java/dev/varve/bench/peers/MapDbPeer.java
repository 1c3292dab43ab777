package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// MapDB, its `BTreeMap`.
///
/// It does not have [Trait#SYNCED_SURVIVES_KILL]: of many stores with its log that were killed a
/// few had lost some of what was committed (3.1.0).
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
        + " synced: with its log and commit(), a kill takes some now and then; its cache is"
        + " the system's, without limit";
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
