package dev.varve.bench.peers;

import dev.varve.bench.MeasuredStore;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Chronicle Map: a hash table in a mapped file, without an order.
public final class ChroniclePeer implements Peer {
  /// Made by [java.util.ServiceLoader].
  public ChroniclePeer() {}

  @Override
  public String name() {
    return "Chronicle";
  }

  @Override
  public Set<Trait> traits() {
    return EnumSet.of(Trait.CONCURRENT, Trait.KEEPS, Trait.SURVIVES_KILL);
  }

  @Override
  public String about() {
    return "mapped file of a size told beforehand, no order: a kill loses nothing but what it must"
        + " repair; it has no synced writes; its cache is the system's, without limit";
  }

  /// Those of "Java version support" in OpenHFT's documentation, for what it opens and exports.
  @Override
  public List<String> jvmFlags() {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
        "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
        "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
        "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
        "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
        "--add-opens=java.base/java.io=ALL-UNNAMED",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        "--add-opens=java.base/java.util=ALL-UNNAMED");
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new ChronicleStore(directory, settings);
  }
}
