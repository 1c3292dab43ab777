package dev.varve.cli.quickstart;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.Meter;
import dev.varve.cli.console.Table;
import dev.varve.cli.load.LoadFormat;
import dev.varve.cli.load.LoadJob;
import dev.varve.cli.load.LoadReport;
import dev.varve.cli.load.LoadSource;
import dev.varve.cli.text.Amounts;
import dev.varve.cli.text.EntryCount;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.RecoveryReport;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import dev.varve.kv.VerifyReport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// The quick start: every claim that it prints was checked a moment before.
public final class Quickstart {
  private static final String MARK = "quickstart";
  private static final byte[] MARK_KEY = "made by".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] MARK_VALUE = "varve quickstart".getBytes(StandardCharsets.US_ASCII);
  private static final int BATCH_ROWS = 1000;

  private final Console console;
  private final Narrator narrator;
  private final Path directory;
  private final boolean isKept;

  /// @param isKept whether the directory stays, so that it can be tried further
  public Quickstart(Console console, Path directory, boolean isKept) {
    this.console = console;
    this.narrator = new Narrator(console);
    this.directory = directory;
    this.isKept = isKept;
  }

  /// Runs it. Answers whether everything was as it should be.
  ///
  /// @throws UsageException when the directory holds another store
  public boolean run() throws IOException {
    long begun = System.nanoTime();
    Map<String, Long> counts;
    try (Store store = Varve.open(directory)) {
      prepare(store);
      narrator.title(
          "Varve quick start: real data, a kill -9, and nothing lost",
          "store in " + directory + (isKept ? "" : " (removed at the end; -d DIR keeps it)"));
      load(store);
      new Reading(narrator, store).run();
      counts = counts(store);
    }
    recover(counts);
    finish(Duration.ofNanos(System.nanoTime() - begun));
    return narrator.broken() == 0;
  }

  /** Makes sure that nobody's data is touched, and clears what an earlier quick start left. */
  private void prepare(Store store) {
    List<Keyspace> there = store.keyspaces();
    if (!there.isEmpty()) {
      boolean own =
          store
              .findKeyspace(MARK)
              .map(mark -> java.util.Arrays.equals(mark.get(MARK_KEY), MARK_VALUE))
              .orElse(false);
      if (!own) {
        throw new UsageException(
            "the store in "
                + directory
                + " holds other data; give an empty or missing directory, or none");
      }
    }
    Keyspace mark = store.keyspace(MARK, KeyspaceOptions.of(EngineKind.ARRAY));
    mark.put(MARK_KEY, MARK_VALUE);
    for (DataTable table : DataTable.ALL) {
      drop(store, table.keyspace());
    }
    drop(store, DurableWriter.KEYSPACE);
    drop(store, Reading.NOTICES);
  }

  private static void drop(Store store, String name) {
    if (store.findKeyspace(name).isPresent()) {
      store.dropKeyspace(name);
    }
  }

  private void load(Store store) throws IOException {
    narrator.chapter("Load five tables of OurAirports, each into the engine that suits it");
    Table shown =
        new Table("   ", "llrrrr").row("keyspace", "engine", "rows", "keys+values", "time", "rate");
    long rows = 0;
    long wanted = 0;
    long rejected = 0;
    for (DataTable table : DataTable.ALL) {
      Keyspace keyspace = store.keyspace(table.keyspace(), KeyspaceOptions.of(table.engine()));
      LoadReport report = load(store, keyspace, table);
      rows += report.loaded();
      wanted += table.rows();
      rejected += report.rejected();
      shown.row(
          table.keyspace(),
          table.engine().name().toLowerCase(Locale.ROOT),
          Amounts.count(report.loaded()),
          Amounts.bytes(keyspace.stats().keyBytes() + keyspace.stats().valueBytes()),
          Amounts.time(report.elapsed()),
          Amounts.rate(report.loaded() / (report.elapsed().toNanos() / 1e9)));
    }
    narrator.table(shown);
    narrator.claim(
        rows == wanted
            && rejected == 0
            && counts(store).values().stream().mapToLong(n -> n).sum() == wanted + 1,
        Amounts.count(rows) + " rows loaded, " + rejected + " rejected, every one synced to disk");
  }

  private LoadReport load(Store store, Keyspace keyspace, DataTable table) throws IOException {
    try (InputStream in = table.open();
        LoadSource source = LoadSource.of(table.file(), in, LoadFormat.CSV, table.key());
        Meter meter = console.meter()) {
      LoadJob.Listener listener = new LoadJob.Listener(meter, (_, _) -> {}, _ -> {});
      return new LoadJob(
              store, keyspace, new LoadJob.Settings(BATCH_ROWS, false, Durability.GROUP), listener)
          .run(source);
    }
  }

  private static Map<String, Long> counts(Store store) {
    Map<String, Long> counts = new TreeMap<>();
    store.keyspaces().forEach(keyspace -> counts.put(keyspace.name(), keyspace.count()));
    return counts;
  }

  private void recover(Map<String, Long> counts) throws IOException {
    narrator.chapter("Kill a writer with SIGKILL, and lose nothing");
    KilledWriter killed = KilledWriter.run(directory, "quickstart-writer", console.interruption());
    console.interruption().check();
    killed.complaints().forEach(narrator::tell);
    narrator.tell("a second process wrote from three threads (sync, group, group) until killed");
    narrator.claim(
        killed.total() > 0 && killed.exitCode() != 0,
        "process killed amid its writes, "
            + Amounts.count(killed.total())
            + " of them acknowledged");
    try (Store store = Varve.open(directory)) {
      recovered(store.recovery());
      acknowledged(store, killed);
      Map<String, Long> now = counts(store);
      now.remove(DurableWriter.KEYSPACE);
      narrator.claim(
          now.equals(counts),
          "the other "
              + Amounts.count(counts.size(), "keyspace")
              + " hold what they held, entry for entry in number");
      verify(store);
    }
  }

  private void recovered(RecoveryReport report) {
    narrator.tell(
        "recovery: "
            + Amounts.count(report.commits())
            + " commits, "
            + Amounts.bytes(report.logBytes())
            + " of log, "
            + Amounts.bytes(report.tailBytesDropped())
            + " of torn tail cut, in "
            + Amounts.time(report.elapsed()));
    narrator.claim(!report.clean() && report.commits() > 0, "reopened; the kill was noticed");
  }

  private void acknowledged(Store store, KilledWriter killed) {
    long lost = 0;
    long found = 0;
    var written = store.findKeyspace(DurableWriter.KEYSPACE);
    if (written.isPresent()) {
      found = written.get().count();
      for (int thread = 0; thread < killed.acknowledged().size(); thread++) {
        for (long n = 1; n <= killed.acknowledged().get(thread); n++) {
          byte[] value = written.get().get(DurableWriter.key(thread, n));
          lost += java.util.Arrays.equals(value, DurableWriter.value(thread, n)) ? 0 : 1;
        }
      }
    } else {
      lost = killed.total();
    }
    narrator.claim(
        lost == 0 && found >= killed.total(),
        "acknowledged "
            + Amounts.count(killed.total())
            + ", found "
            + Amounts.count(found)
            + ", lost "
            + Amounts.count(lost));
  }

  private void verify(Store store) {
    narrator.chapter("Verify every byte, and look at the sizes");
    try (Meter meter = console.meter()) {
      store.flush(meter);
      VerifyReport report = store.verify(true, meter);
      meter.wipe();
      report.problems().forEach(narrator::tell);
      narrator.claim(
          report.isSound(),
          "sound: "
              + Amounts.count(report.files(), "file")
              + ", "
              + Amounts.bytes(report.bytes())
              + ", "
              + Amounts.count(report.entries())
              + " entries compared, in "
              + Amounts.time(report.elapsed()));
    }
    Table table =
        new Table("   ", "llrrrr")
            .row("keyspace", "engine", "entries", "keys+values", "in memory", "on disk");
    for (Keyspace keyspace : store.keyspaces()) {
      var stats = keyspace.stats();
      table.row(
          stats.name(),
          stats.engine().name().toLowerCase(Locale.ROOT),
          EntryCount.of(keyspace, stats).toString(),
          Amounts.bytes(stats.keyBytes() + stats.valueBytes()),
          Amounts.bytes(stats.memoryBytes()),
          Amounts.bytes(stats.fileBytes()));
    }
    narrator.table(table);
  }

  private void finish(Duration elapsed) {
    narrator.tell("");
    String varve = System.getProperty("varve.command", "varve");
    narrator.claim(
        narrator.broken() == 0,
        narrator.claims()
            - narrator.broken()
            + " of "
            + narrator.claims()
            + " checks hold; done in "
            + Amounts.time(elapsed));
    if (console.isJson()) {
      return;
    }
    console.line("");
    console.line("Try next:");
    String store = varve + " -d " + (isKept ? quoted(directory.toString()) : "my-store");
    if (isKept) {
      console.line("  " + store + " scan -k runways --prefix KJFK/");
      console.line("  " + store + " get -k countries JP");
      console.line("  " + store + " stats");
      console.line("  " + store + " shell");
    } else {
      console.line("  " + varve + " -d my-store quickstart        the same, in a store that stays");
      console.line("  " + store + " shell             look around in it, with Tab");
      console.line("  " + varve + " bench --entries 100000        how fast this machine is");
    }
    console.line("  " + varve + " help");
  }

  private static String quoted(String path) {
    return path.matches("[\\w./+:@-]+") ? path : "'" + path.replace("'", "'\\''") + "'";
  }
}
