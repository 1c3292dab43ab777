package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.Varve;
import dev.varve.base.Expect;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Counter;
import dev.varve.kv.EngineKind;
import dev.varve.kv.ExportReport;
import dev.varve.kv.ImportMode;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Limits;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.UsageException;
import dev.varve.kv.WriteBatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is exported is imported, whole, of one moment, into any store; and what fails leaves a
/// store as it was.
@ExtendWith(StoreGuard.class)
final class ExportTest {
  private static final Path NAME = Path.of("export");
  private static final List<EngineKind> ENGINES = List.of(EngineKind.values());
  private static final long SEED = Long.getLong("varve.seed", 1);

  @TempDir private Path directory;

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] export(Store store) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ExportReport report = store.exportTo(out);
    assertEquals(out.size(), report.bytes());
    return out.toByteArray();
  }

  private static ExportReport take(Store store, byte[] export, ImportMode mode) {
    return store.importFrom(new ByteArrayInputStream(export), NAME, mode, ProgressListener.NONE);
  }

  private static ExportReport take(Store store, byte[] export) {
    return take(store, export, ImportMode.INTO_EMPTY);
  }

  /** What a store holds: of each keyspace its options, how many entries, and their checksum. */
  static Map<String, String> contents(Store store) {
    Map<String, String> contents = new TreeMap<>();
    for (Keyspace each : store.keyspaces()) {
      contents.put(
          each.name(),
          each.options().toText() + each.count(KeyRange.all()) + " " + each.checksum());
    }
    return contents;
  }

  private static byte[] bytes(SplittableRandom random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] key(SplittableRandom random) {
    return switch (random.nextInt(200)) {
      case 0 -> bytes(random, Limits.KEY_BYTES_MAX);
      case 1 -> new byte[] {0};
      default -> bytes(random, 1 + random.nextInt(20));
    };
  }

  private static byte[] value(SplittableRandom random) {
    return switch (random.nextInt(100)) {
      case 0 -> bytes(random, 70_000 + random.nextInt(100_000));
      case 1, 2 -> new byte[0];
      default -> bytes(random, random.nextInt(300));
    };
  }

  private static KeyspaceOptions options(SplittableRandom random) {
    EngineKind engine = ENGINES.get(random.nextInt(ENGINES.size()));
    KeyspaceOptions options = KeyspaceOptions.of(engine);
    return engine == EngineKind.LSM ? options.withMemtable(ByteSize.ofKibibytes(64)) : options;
  }

  private static void fill(Store store, SplittableRandom random) {
    for (int k = random.nextInt(6); k >= 0; k--) {
      Keyspace keyspace = store.keyspace("keyspace \u00e9 " + k, options(random));
      int entries = keyspace.options().engine() == EngineKind.ARRAY ? 100 : 1500;
      entries = random.nextInt(4) == 0 ? 0 : random.nextInt(entries);
      WriteBatch batch = new WriteBatch();
      List<byte[]> keys = new ArrayList<>();
      for (int i = 0; i < entries; i++) {
        keys.add(key(random));
        batch.put(keyspace, keys.getLast(), value(random));
        if (random.nextInt(4) == 0) {
          batch.delete(keyspace, keys.get(random.nextInt(keys.size())));
        }
        if (random.nextInt(300) == 0) {
          store.write(batch);
          batch.clear();
        }
        if (random.nextInt(1000) == 0) {
          store.flush();
        }
      }
      store.write(batch);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void any_store_comes_back_the_same_and_again_after_reopening(int round) {
    SplittableRandom random = new SplittableRandom(SEED * 1000 + round);
    byte[] export;
    Map<String, String> expected;
    try (Store store = Varve.open(directory.resolve("from"))) {
      fill(store, random);
      expected = contents(store);
      export = export(store);
      ExportReport report = store.exportTo(OutputStream.nullOutputStream());
      assertEquals(expected.size(), report.keyspaces().size());
    }
    ExportReport checked =
        Varve.checkExport(new ByteArrayInputStream(export), NAME, ProgressListener.NONE);
    assertEquals(export.length, checked.bytes());
    try (Store store = Varve.open(directory.resolve("to"))) {
      ExportReport taken = take(store, export);
      assertEquals(checked.keyspaces(), taken.keyspaces());
      assertEquals(expected, contents(store), "seed " + SEED);
      assertEquals(
          taken.entries(),
          store.keyspaces().stream().mapToLong(k -> k.count(KeyRange.all())).sum());
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
    try (Store store = Varve.open(directory.resolve("to"))) {
      assertEquals(expected, contents(store), "after reopening, seed " + SEED);
    }
  }

  @Test
  void an_export_of_nothing_is_one_too() {
    byte[] export;
    try (Store store = Varve.inMemory()) {
      export = export(store);
    }
    try (Store store = Varve.inMemory()) {
      assertEquals(0, take(store, export).entries());
      assertEquals(List.of(), store.keyspaces());
    }
  }

  @Test
  void what_is_written_while_an_export_runs_is_not_in_it() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Store store = Varve.inMemory()) {
      for (EngineKind engine : ENGINES) {
        store.keyspace("of " + engine, KeyspaceOptions.of(engine)).put(b("k"), new byte[70_000]);
      }
      Map<String, String> before = contents(store);
      OutputStream writing =
          new OutputStream() {
            private int parts;

            @Override
            public void write(int one) {
              out.write(one);
            }

            @Override
            public void write(byte[] bytes, int offset, int count) {
              out.write(bytes, offset, count);
              if (count > 70_000) {
                parts++;
                store.keyspace("made " + parts).put(b("k"), b("v"));
                for (EngineKind engine : ENGINES) {
                  Keyspace each = store.keyspace("of " + engine);
                  each.put(b("k"), b("later " + parts));
                  each.put(b("new " + parts), b("v"));
                }
                store.flush();
              }
            }
          };
      ExportReport report = store.exportTo(writing);
      assertEquals(ENGINES.size(), report.entries());
      assertEquals(2 * ENGINES.size(), store.keyspaces().size());
      try (Store other = Varve.inMemory()) {
        take(other, out.toByteArray());
        assertEquals(before, contents(other));
      }
    }
  }

  /// Each batch sets a key in each of two keyspaces to one number: whatever an export shows of one
  /// it must show of the other, though writers, flushes and new keyspaces go on.
  @Test
  void an_export_is_of_one_moment_while_others_write() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<byte[]> exports = new ArrayList<>();
    try (Store store = Varve.open(directory)) {
      Keyspace a = store.keyspace("a", KeyspaceOptions.of(EngineKind.RBTREE));
      Keyspace z = store.keyspace("z", KeyspaceOptions.of(EngineKind.LSM));
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int n = 0; !stop.get(); n++) {
                        byte[] key = b("key " + n % 5000);
                        byte[] value = Counter.encode(n);
                        store.write(
                            new WriteBatch()
                                .put(a, key, value)
                                .put(z, key, value)
                                .put(a, b("last"), value)
                                .put(z, b("last"), value));
                        if (n % 100 == 0) {
                          store.keyspace("made " + n).put(key, value);
                        }
                      }
                    } catch (Throwable e) {
                      failure.set(e);
                    }
                  });
      while (exports.size() < 12 && failure.get() == null) {
        exports.add(export(store));
        if (exports.size() == 6) {
          store.flush();
        }
      }
      stop.set(true);
      writer.join();
    }
    assertEquals(null, failure.get());
    long last = -1;
    for (byte[] export : exports) {
      try (Store store = Varve.inMemory()) {
        long sequence = take(store, export).sequenceNumber();
        Keyspace a = store.keyspace("a");
        Keyspace z = store.keyspace("z");
        assertEquals(a.checksum(), z.checksum(), "as of commit " + sequence);
        byte[] number = a.get(b("last"));
        long now = number == null ? -1 : Counter.decode(number);
        assertTrue(now >= last);
        last = now;
      }
    }
  }

  /** Does something before it gives what is at a position. */
  private static final class Hooked extends FilterInputStream {
    interface Hook {
      void run() throws IOException;
    }

    private final int at;
    private final Hook hook;
    private int position;

    Hooked(byte[] bytes, int at, Hook hook) {
      super(new ByteArrayInputStream(bytes));
      this.at = at;
      this.hook = hook;
    }

    @Override
    public int read() throws IOException {
      if (position == at) {
        hook.run();
      }
      position++;
      return super.read();
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
      int one = count == 0 ? -1 : read();
      if (one < 0) {
        return count == 0 ? 0 : -1;
      }
      target[offset] = (byte) one;
      return 1;
    }
  }

  private static byte[] small() {
    try (Store store = Varve.inMemory()) {
      store.keyspace("a", KeyspaceOptions.of(EngineKind.HASH)).put(b("k"), b("new"));
      store.keyspace("b", KeyspaceOptions.of(EngineKind.LSM)).put(b("k"), b("new"));
      store.keyspace("c").put(b("k"), b("new"));
      return export(store);
    }
  }

  @Test
  void a_keyspace_with_entries_refuses_before_anything_is_changed() {
    byte[] export = small();
    try (Store store = Varve.open(directory)) {
      Keyspace c = store.keyspace("c", KeyspaceOptions.of(EngineKind.BTREE));
      c.put(b("old"), b("old"));
      Map<String, String> before = contents(store);
      long commits = store.stats().visibleThrough();
      Expect.failure(
          UsageException.class,
          () -> take(store, export),
          "'c'",
          "nothing was imported",
          "overwrite");
      assertEquals(before, contents(store));
      assertEquals(commits, store.stats().visibleThrough());
      ExportReport report = take(store, export, ImportMode.OVERWRITE);
      assertEquals(3, report.entries());
      assertEquals(1, c.count(), "what it had is gone");
      assertArrayEquals(b("new"), c.get(b("k")));
      assertEquals(EngineKind.BTREE, c.options().engine(), "it keeps its engine");
      store.keyspace("d").put(b("other"), b("stays"));
      take(store, export, ImportMode.OVERWRITE);
      assertEquals(1, store.keyspace("d").count());
      Expect.failure(UsageException.class, () -> take(store, export), "has entries already");
    }
  }

  @Test
  void what_was_put_in_is_taken_out_when_the_stream_ends_early_or_fails_or_is_stopped() {
    byte[] export = small();
    byte[] cut = java.util.Arrays.copyOf(export, export.length - 1);
    try (Store store = Varve.open(directory)) {
      Keyspace a = store.keyspace("a", KeyspaceOptions.of(EngineKind.LSM));
      store.keyspace("z").put(b("k"), b("v"));
      Map<String, String> before = contents(store);
      Expect.failure(
          dev.varve.kv.CorruptionException.class,
          () -> take(store, cut),
          "at byte " + cut.length,
          "1 more bytes");
      assertEquals(before, contents(store));
      InputStream failing =
          new Hooked(
              export,
              export.length - 30,
              () -> {
                throw new IOException("planted");
              });
      Expect.failure(
          StoreIoException.class,
          () -> store.importFrom(failing, NAME, ImportMode.INTO_EMPTY, ProgressListener.NONE),
          "cannot be read");
      assertEquals(before, contents(store));
      assertThrows(
          CancellationException.class,
          () ->
              store.importFrom(
                  new ByteArrayInputStream(export), NAME, ImportMode.INTO_EMPTY, _ -> false));
      assertEquals(before, contents(store));
      take(store, export);
      assertArrayEquals(b("new"), a.get(b("k")));
    }
  }

  @Test
  void a_stream_that_refuses_is_told_and_the_snapshot_is_given_back() {
    try (Store store = Varve.inMemory()) {
      store.keyspace("a").put(b("k"), new byte[100_000]);
      OutputStream full =
          new OutputStream() {
            private int left = 300;

            @Override
            public void write(int one) throws IOException {
              if (left-- == 0) {
                throw new IOException("planted");
              }
            }
          };
      Expect.failure(StoreIoException.class, () -> store.exportTo(full), "cannot be written");
      assertThrows(
          CancellationException.class,
          () -> store.exportTo(OutputStream.nullOutputStream(), _ -> false));
      assertEquals(0, store.stats().snapshots());
    }
  }

  @Test
  void a_keyspace_that_is_dropped_meanwhile_ends_the_export() {
    try (Store store = Varve.inMemory()) {
      store.keyspace("a").put(b("k"), new byte[200_000]);
      store.keyspace("b").put(b("k"), b("v"));
      OutputStream dropping =
          new OutputStream() {
            @Override
            public void write(int one) {}

            @Override
            public void write(byte[] bytes, int offset, int count) {
              if (count > 100_000) {
                store.dropKeyspace("b");
              }
            }
          };
      Expect.failure(StoreClosedException.class, () -> store.exportTo(dropping), "'b' was dropped");
      assertEquals(0, store.stats().snapshots());
    }
  }

  @Test
  void others_who_write_into_what_is_imported_are_noticed() {
    byte[] export = small();
    try (Store store = Varve.inMemory()) {
      InputStream slow =
          new Hooked(
              export, export.length, () -> store.keyspace("c").put(b("another"), b("entry")));
      Expect.failure(
          UsageException.class,
          () -> store.importFrom(slow, NAME, ImportMode.INTO_EMPTY, ProgressListener.NONE),
          "'c'",
          "2 entries where 1",
          "others wrote");
      assertEquals(2, store.keyspace("c").count(), "nobody's entries were taken away");
    }
  }

  @Test
  void a_large_import_goes_through_the_bulk_load_of_an_lsm() {
    byte[] export;
    long checksum;
    try (Store store = Varve.open(directory.resolve("from"))) {
      Keyspace all = store.keyspace("all", KeyspaceOptions.of(EngineKind.LSM));
      SplittableRandom random = new SplittableRandom(SEED);
      try (BulkLoad load = all.bulkLoad()) {
        for (int i = 0; i < 50_000; i++) {
          load.put(b("key " + i), bytes(random, 100));
        }
        load.commit();
      }
      checksum = all.checksum();
      export = export(store);
    }
    try (Store store = Varve.open(directory.resolve("to"))) {
      List<Long> seen = new ArrayList<>();
      ExportReport report =
          store.importFrom(
              new ByteArrayInputStream(export),
              NAME,
              ImportMode.INTO_EMPTY,
              progress -> seen.add(progress.done()));
      assertEquals(50_000, report.entries());
      assertEquals(export.length, seen.getLast());
      assertEquals(checksum, store.keyspace("all").checksum());
      assertEquals(2, store.stats().commits(), "the keyspace and one load");
      assertTrue(store.stats().log().bytes() < export.length / 10, "it did not go through the log");
    }
  }
}
