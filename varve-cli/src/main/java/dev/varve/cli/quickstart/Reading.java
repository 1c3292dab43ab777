package dev.varve.cli.quickstart;

import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Entry;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The chapters that read and write the loaded tables.
///
/// @threads one at a time
final class Reading {
  static final String NOTICES = "notices";

  private static final int GETS = 20_000;
  private static final String AIRPORT = "KJFK/";
  private static final int WRITERS = 2;
  private static final int WRITES = 5000;

  private final Narrator narrator;
  private final Keyspace countries;
  private final Keyspace regions;
  private final Keyspace navaids;
  private final Keyspace frequencies;
  private final Keyspace runways;
  private final Store store;

  Reading(Narrator narrator, Store store) {
    this.narrator = narrator;
    this.store = store;
    this.countries = store.keyspace("countries");
    this.regions = store.keyspace("regions");
    this.navaids = store.keyspace("navaids");
    this.frequencies = store.keyspace("frequencies");
    this.runways = store.keyspace("runways");
  }

  void run() {
    points();
    String runway = prefix();
    batch(runway);
    snapshot();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void points() {
    narrator.chapter("Get by key");
    Fields japan = Fields.of(countries.get(bytes("JP")));
    Fields hawaii = Fields.of(regions.get(bytes("US-HI")));
    Fields navaid = Fields.of(navaids.get(bytes("85050")));
    narrator.table(
        new Table("   ", "lll")
            .row("keyspace", "key", "value")
            .row("countries", "JP", japan.get("name") + ", " + japan.get("continent"))
            .row("regions", "US-HI", hawaii.get("name") + ", " + hawaii.get("iso_country"))
            .row(
                "navaids",
                "85050",
                navaid.get("name")
                    + ", "
                    + navaid.get("type")
                    + ", "
                    + navaid.get("frequency_khz")
                    + " kHz"));
    boolean found = true;
    long begun = System.nanoTime();
    byte[] key = bytes("85050");
    for (int i = 0; i < GETS; i++) {
      found &= navaids.get(key) != null;
    }
    long nanos = System.nanoTime() - begun;
    narrator.claim(
        found
            && japan.get("name").equals("Japan")
            && hawaii.get("name").equals("Hawaii")
            && navaid.get("name").equals("Williams Harbour")
            && countries.get(bytes("no such country")) == null,
        "values as in the files, a key that is absent is null; "
            + Amounts.nanos((double) nanos / GETS)
            + " a get");
  }

  private String prefix() {
    narrator.chapter("Scan by prefix: what New York's KJFK has");
    Table table = new Table("   ", "llrrl").row("key", "runway", "feet", "wide", "surface");
    String first = "";
    String before = "";
    int shown = 0;
    boolean ordered = true;
    try (Cursor cursor = runways.cursor(KeyRange.prefix(bytes(AIRPORT)))) {
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        String key = new String(cursor.key(), StandardCharsets.UTF_8);
        Fields row = Fields.of(cursor.value());
        table.row(
            key,
            row.get("le_ident") + "-" + row.get("he_ident"),
            row.get("length_ft"),
            row.get("width_ft"),
            row.get("surface"));
        ordered &= key.startsWith(AIRPORT) && before.compareTo(key) < 0;
        before = key;
        first = shown++ == 0 ? key : first;
      }
    }
    narrator.table(table);
    long radio = frequencies.count(KeyRange.prefix(bytes(AIRPORT)));
    narrator.claim(
        ordered && shown > 0 && radio > 0,
        shown + " runways and " + radio + " radio frequencies, in the order of their keys");
    return first;
  }

  private void batch(String runway) {
    narrator.chapter("Write to three keyspaces in one atomic commit");
    Keyspace notices = store.keyspace(NOTICES, KeyspaceOptions.of(EngineKind.HASH));
    Fields before = Fields.of(runways.get(bytes(runway)));
    byte[] closed = before.with("closed", "1");
    byte[] notice = bytes("closed for works; tower on another frequency");
    byte[] frequency = frequencies.entries(KeyRange.prefix(bytes(AIRPORT)), 1).getFirst().key();
    narrator.tell("close runway " + runway + ", post a notice, drop a radio frequency");
    long sequence = store.stats().visibleThrough();
    store.write(
        new WriteBatch()
            .put(runways, bytes(runway), closed)
            .put(notices, bytes(runway), notice)
            .delete(frequencies, frequency),
        Durability.SYNC);
    long after = store.stats().visibleThrough();
    narrator.claim(
        after == sequence + 1
            && store.stats().durableThrough() >= after
            && Arrays.equals(runways.get(bytes(runway)), closed)
            && Arrays.equals(notices.get(bytes(runway)), notice)
            && frequencies.get(frequency) == null,
        "all three are there, as the one commit " + Amounts.count(after) + ", and on disk");
  }

  private void snapshot() {
    narrator.chapter("A snapshot stands still while others write");
    long count = runways.count();
    Entry first = runways.entries(KeyRange.all(), 1).getFirst();
    byte[] key = first.key();
    byte[] old = first.value();
    try (Snapshot snapshot = store.snapshot()) {
      KeyspaceView then = runways.at(snapshot);
      Thread[] writers = new Thread[WRITERS];
      for (int i = 0; i < WRITERS; i++) {
        String prefix = "new/" + i + "/";
        writers[i] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int n = 0; n < WRITES; n++) {
                        runways.put(bytes(prefix + n), bytes("{}"), Durability.NONE);
                      }
                    });
      }
      runways.delete(key, Durability.NONE);
      boolean still = true;
      for (Thread writer : writers) {
        still &= then.count() == count && Arrays.equals(then.get(key), old);
        join(writer);
      }
      long now = runways.count();
      narrator.tell(
          "meanwhile: "
              + Amounts.count((long) WRITERS * WRITES)
              + " puts by two threads and a delete");
      narrator.claim(
          still
              && then.count() == count
              && Arrays.equals(then.get(key), old)
              && runways.get(key) == null
              && now == count + (long) WRITERS * WRITES - 1,
          "the snapshot has "
              + Amounts.count(count)
              + " runways still, now there are "
              + Amounts.count(now));
    }
    store.write(
        new WriteBatch()
            .put(runways, key, old)
            .deleteRange(runways, KeyRange.prefix(bytes("new/"))));
    narrator.claim(
        runways.count() == count, "one commit put things back: " + Amounts.count(count) + " again");
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
