package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// LMDB through lmdbjava, in its two ways of writing: pages through `write(2)`, or into the map.
public abstract class LmdbPeer implements Peer {
  private final boolean writeMap;

  private LmdbPeer(boolean writeMap) {
    this.writeMap = writeMap;
  }

  /// Writes pages with `write(2)`: the default.
  public static final class Writing extends LmdbPeer {
    /// Made by [java.util.ServiceLoader].
    public Writing() {
      super(false);
    }
  }

  /// Writes pages into the map: `MDB_WRITEMAP`.
  public static final class Mapping extends LmdbPeer {
    /// Made by [java.util.ServiceLoader].
    public Mapping() {
      super(true);
    }
  }

  @Override
  public String name() {
    return writeMap ? "LMDB writemap" : "LMDB";
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
    return "NOSYNC"
        + (writeMap ? " | WRITEMAP" : "")
        + ": pages are the system's when a commit returns, a kill loses nothing; synced: without"
        + " NOSYNC; its cache is the system's, without limit";
  }

  @Override
  public List<String> jvmFlags() {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new LmdbStore(directory, settings, writeMap);
  }
}
