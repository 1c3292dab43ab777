package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/// H2's MVStore, which commits in the background.
public final class MvStorePeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public MvStorePeer() {}

  @Override
  public String name() {
    return "MVStore";
  }

  @Override
  public Set<Trait> traits() {
    return EnumSet.of(
        Trait.ORDERED, Trait.CONCURRENT, Trait.KEEPS, Trait.SYNCS, Trait.SYNCED_SURVIVES_KILL);
  }

  @Override
  public String about() {
    return "commits in the background: a kill loses up to a second, as documented; synced: commit()"
        + " and sync(); not compressed";
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new MvStoreStore(directory, settings);
  }
}
