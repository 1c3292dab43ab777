package dev.varve.bench;

import dev.varve.bench.Product.Settings;
import dev.varve.bench.Product.Trait;
import dev.varve.kv.EngineKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Engines of Varve's through the public API beside other products and the JDK's maps, all with the
/// same heap, the same memory for caches, and the same data.
///
/// Hypothesis: what a put costs in an engine whose log is a copy into mapped memory, and a get in
/// one that compares key heads as numbers, is less than in a product that writes pages or crosses
/// into native code.
final class ComparisonRow implements Row {
  private static final long ENTRIES_USUAL = 1_000_000;
  private static final long MEMORY_USUAL = 1L << 30;
  private static final long WARM_UP_MAX = 200_000;

  /** What an entry takes of the heap at most, in a map of the JDK's. */
  private static final long RESIDENT_BYTES_EACH = 320;

  private static final long HEAP_BYTES = 4L << 30;

  private static final VarveProduct ARRAY = new VarveProduct(EngineKind.ARRAY);
  private static final long ARRAY_ENTRIES_MAX = 1000;

  /** How many puts have returned at least when a process is killed. */
  private static final long ACKNOWLEDGED = 20_000;

  private static final long ACKNOWLEDGED_SYNCED = 1_000;

  private final String name;
  private final String about;
  private final List<Product> products;
  private final List<String> leftOut;
  private final List<Target> targets;

  private ComparisonRow(
      String name,
      String about,
      List<Product> products,
      List<String> leftOut,
      List<Target> targets) {
    this.name = name;
    this.about = about;
    this.products = products;
    this.leftOut = leftOut;
    this.targets = targets;
  }

  /// A row of these products, but for those that are not made for so many entries.
  ///
  /// @param about who they are
  /// @param entries how many there are to be, or 0 for the usual number
  /// @param targets what is aimed at
  static ComparisonRow of(
      String name, String about, List<Product> products, long entries, List<Target> targets) {
    List<Product> fitting = new ArrayList<>();
    List<String> leftOut = new ArrayList<>();
    long count = entries > 0 ? entries : ENTRIES_USUAL;
    for (Product product : products) {
      long limit = product instanceof VarveProduct ? MEMORY_USUAL : HEAP_BYTES;
      if (product.equals(ARRAY) && count > ARRAY_ENTRIES_MAX) {
        leftOut.add(product.name() + " looks at all entries one after the other, for a few only");
      } else if (product.is(Trait.RESIDENT) && count > limit / RESIDENT_BYTES_EACH) {
        leftOut.add(product.name() + " has all entries in memory, where these do not fit");
      } else {
        fitting.add(product);
      }
    }
    String text =
        String.format(
            Locale.ROOT,
            "%s, %,d entries of %d + %d B, half of a value compressible",
            about,
            count,
            Keys.BYTES,
            StoreValues.BYTES);
    return new ComparisonRow(name, text, fitting, leftOut, targets);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String about() {
    return about;
  }

  @Override
  public List<String> processes() {
    return products.stream().map(Product::name).toList();
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx4g");
  }

  @Override
  public List<String> jvmFlags(String process) {
    List<String> flags = new ArrayList<>(jvmFlags());
    flags.addAll(Products.find(process).jvmFlags());
    return flags;
  }

  @Override
  public Optional<Comparison> comparison() {
    return Optional.of(new Comparison(products, leftOut));
  }

  @Override
  public List<Target> targets() {
    return targets;
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Product product = Products.find(process);
    List<String> flags = jvmFlags(process);
    long entries = run.entries(ENTRIES_USUAL);
    long memory = run.memory(MEMORY_USUAL);
    long warmUp = Math.max(1, Math.min(WARM_UP_MAX, entries / 4));
    new StoreMeasurement(run, product, Settings.of(warmUp, memory, true), flags, false).all();
    new StoreMeasurement(run, product, Settings.of(entries, memory, true), flags, true).all();
    if (product.is(Trait.KEEPS)) {
      Settings settings = KillTrial.settings(memory);
      kill(product, settings, ACKNOWLEDGED, run);
      if (product.is(Trait.SYNCS)) {
        kill(product, settings.withSync(), ACKNOWLEDGED_SYNCED, run);
      }
    }
  }

  /** Kills a process that puts. */
  private void kill(Product product, Settings settings, long acknowledged, Run run)
      throws Exception {
    String suffix = settings.synced() ? ", synced" : "";
    Path directory = run.fresh("killed");
    try {
      KillTrial.Killed killed =
          KillTrial.run(
              product, settings, jvmFlags(product.name()), directory, run.count(acknowledged));
      run.record(product.name(), "put before a kill" + suffix, Unit.NUMBER, killed.acknowledged());
      run.record(product.name(), "lost to a kill" + suffix, Unit.COUNT, killed.lost());
      check(product, settings.synced(), killed);
      if (killed.lost() > 0) {
        System.err.println(product.name() + suffix + ": " + killed);
      }
    } finally {
      Run.remove(directory);
    }
  }

  /// What a product keeps by its traits no kill takes away.
  ///
  /// @throws IllegalStateException when one did
  static void check(Product product, boolean synced, KillTrial.Killed killed) {
    Trait promise = synced ? Trait.SYNCED_SURVIVES_KILL : Trait.SURVIVES_KILL;
    if (product.is(promise) && killed.lost() > 0) {
      throw new IllegalStateException(product.name() + " lost what it promised to keep: " + killed);
    }
  }
}
