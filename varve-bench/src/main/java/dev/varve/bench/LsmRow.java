package dev.varve.bench;

import dev.varve.bench.Product.Settings;
import dev.varve.kv.EngineKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The LSM engine through the public API beside RocksDB where it is there, with the same memory,
/// filters, compression and durability: nothing is synced, and everything is in a log.
///
/// Hypothesis: with few cache misses and comparisons a put or a get in Java costs less than what a
/// peer spends for its own and for the way to native code and back.
final class LsmRow implements Row {
  private static final VarveProduct VARVE = new VarveProduct(EngineKind.LSM);
  private static final String PEER = "RocksDB";
  private static final long MEMORY_USUAL = 256 << 20;
  private static final long WARM_UP_MAX = 200_000;

  private final String name;
  private final boolean compressed;
  private final List<Product> products = new ArrayList<>(List.of(VARVE));

  LsmRow(String name, boolean compressed) {
    this.name = name;
    this.compressed = compressed;
    Peer.all().stream().filter(peer -> peer.name().equals(PEER)).forEach(products::add);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String about() {
    return "LSM and RocksDB, 1,000,000 entries of 16 + 100 B, half of a value compressible, "
        + (compressed ? "LZ4" : "not compressed");
  }

  @Override
  public List<String> processes() {
    return products.stream().map(Product::name).toList();
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m");
  }

  @Override
  public List<String> jvmFlags(String process) {
    List<String> flags = new ArrayList<>(jvmFlags());
    flags.addAll(Products.find(process).jvmFlags());
    return flags;
  }

  private boolean hasPeer() {
    return products.size() > 1;
  }

  @Override
  public Optional<String> yardstick() {
    return hasPeer() ? Optional.of(PEER) : Optional.empty();
  }

  @Override
  public List<Target> targets() {
    if (!hasPeer()) {
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
        Target.of(VARVE.name(), "random fill max", 1e6, "no write waits for more than 1 s"),
        Target.of(VARVE.name(), "overwrite max", 1e6, "no write waits for more than 1 s"),
        Target.of(VARVE.name(), "write amplification", 12, "below 12"));
  }

  private static Target faster(String metric, double times) {
    return Target.faster(VARVE.name(), metric, List.of(PEER), times);
  }

  private static Target notWorse(String metric) {
    return Target.ratio(VARVE.name(), metric, PEER, 1, "not above that of " + PEER);
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Product product = Products.find(process);
    long entries = run.entries(1_000_000);
    long memory = run.memory(MEMORY_USUAL);
    long warmUp = Math.max(1, Math.min(WARM_UP_MAX, entries / 4));
    List<String> flags = jvmFlags(process);
    new StoreMeasurement(run, product, Settings.of(warmUp, memory, compressed), flags, false).all();
    new StoreMeasurement(run, product, Settings.of(entries, memory, compressed), flags, true).all();
  }
}
