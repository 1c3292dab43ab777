package dev.varve.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The LSM engine through the public API beside the peers that are there, with the same memory,
/// filters, compression and durability: nothing is synced, and everything is in a log.
///
/// Hypothesis: with few cache misses and comparisons a put or a get in Java costs less than what a
/// peer spends for its own and for the way to native code and back.
final class LsmRow implements Row {
  private static final String VARVE = "varve LSM";
  private static final long MEMORY_USUAL = 256 << 20;
  private static final int MEMTABLE_SHARE = 8;
  private static final int FILTER_BITS = 10;
  private static final long WARM_UP_MAX = 200_000;

  private final String name;
  private final boolean compressed;
  private final List<Peer> peers = Peer.all();

  LsmRow(String name, boolean compressed) {
    this.name = name;
    this.compressed = compressed;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String about() {
    return "LSM and peers, 1,000,000 entries of 16 + 100 B, half of a value compressible, "
        + (compressed ? "LZ4" : "not compressed");
  }

  @Override
  public List<String> processes() {
    List<String> processes = new ArrayList<>();
    processes.add(VARVE);
    peers.forEach(peer -> processes.add(peer.name()));
    return processes;
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m", "--enable-native-access=ALL-UNNAMED");
  }

  @Override
  public Optional<String> yardstick() {
    return peers.isEmpty() ? Optional.empty() : Optional.of(peers.getFirst().name());
  }

  @Override
  public List<Target> targets() {
    if (peers.isEmpty()) {
      return List.of();
    }
    return List.of(
        faster("random fill", 2),
        faster("fill by batches of 1000", 2),
        faster("get hit", 3),
        faster("get miss", 1),
        faster("scan forward", 3),
        faster("seek and 10 next", 2.5),
        faster("half and half, 2 threads", 2),
        notWorse("overwrite p99.9"),
        notWorse("write amplification"),
        Target.of(VARVE, "random fill max", 1e6, "no write waits for more than 1 s"),
        Target.of(VARVE, "overwrite max", 1e6, "no write waits for more than 1 s"),
        Target.of(VARVE, "write amplification", 12, "below 12"));
  }

  private Target faster(String metric, double times) {
    String to = peers.getFirst().name();
    String text = times == 1 ? "not slower than " + to : times + " times as fast as " + to;
    return Target.ratio(VARVE, metric, to, 1 / times, text);
  }

  private Target notWorse(String metric) {
    String to = peers.getFirst().name();
    return Target.ratio(VARVE, metric, to, 1, "not above that of " + to);
  }

  @Override
  public void run(String process, Run run) throws Exception {
    long entries = run.entries(1_000_000);
    long memory = run.memory(MEMORY_USUAL);
    Peer.Settings settings =
        new Peer.Settings(memory, memory / MEMTABLE_SHARE, compressed, FILTER_BITS);
    LsmMeasurement.Opener opener = directory -> open(process, directory, settings);
    long warmUp = Math.max(1, Math.min(WARM_UP_MAX, entries / 4));
    new LsmMeasurement(run, process, opener, warmUp, false).all();
    new LsmMeasurement(run, process, opener, entries, true).all();
  }

  private OrderedStore open(String process, Path directory, Peer.Settings settings) {
    for (Peer peer : peers) {
      if (peer.name().equals(process)) {
        return peer.open(directory, settings);
      }
    }
    return new VarveLsm(directory, settings);
  }
}
