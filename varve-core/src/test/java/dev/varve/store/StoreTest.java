package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FormatException;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LimitException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What a store is made of and made with: keyspaces, options, directories that are none.
@ExtendWith(StoreGuard.class)
final class StoreTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoreOptions small() {
    return StoreOptions.defaults()
        .withSegment(ByteSize.ofKibibytes(8))
        .withCheckpointAfter(ByteSize.ofMebibytes(64));
  }

  private Store open() {
    return StoreFixture.openThreaded(fs, small());
  }

  private Store open(StoreOptions options) {
    return StoreFixture.openThreaded(fs, options);
  }

  // Keyspaces.

  @Test
  void keyspaces_come_back_with_their_engines_and_numbers_are_never_used_again() {
    Set<Integer> ids = new HashSet<>();
    for (int life = 0; life < 3; life++) {
      try (Store store = open()) {
        for (EngineKind engine : EngineKind.values()) {
          Keyspace keyspace = store.keyspace(life + " " + engine, KeyspaceOptions.of(engine));
          assertTrue(ids.add(keyspace.id()));
          keyspace.put(b("k"), b("v"));
          assertSame(keyspace, store.keyspace(life + " " + engine));
        }
        if (life == 1) {
          store.flush();
        }
        store.dropKeyspace(life + " ARRAY");
        assertFalse(store.findKeyspace(life + " ARRAY").isPresent());
      }
    }
    try (Store store = open()) {
      assertEquals(
          IntStream.range(0, 3)
              .boxed()
              .flatMap(
                  life ->
                      Arrays.stream(EngineKind.values())
                          .filter(engine -> engine != EngineKind.ARRAY)
                          .map(engine -> life + " " + engine)
                          .sorted())
              .toList(),
          store.keyspaces().stream().map(Keyspace::name).toList());
      for (Keyspace keyspace : store.keyspaces()) {
        assertArrayEquals(b("v"), keyspace.get(b("k")));
        assertTrue(keyspace.name().endsWith(keyspace.options().engine().name()));
      }
      assertTrue(ids.add(store.keyspace("new").id()));
    }
  }

  @Test
  void a_keyspace_keeps_the_engine_it_was_made_with() {
    try (Store store = open()) {
      assertEquals(EngineKind.RBTREE, store.keyspace("default").options().engine());
      store.keyspace("h", KeyspaceOptions.of(EngineKind.HASH));
      Expect.failure(
          UsageException.class,
          () -> store.keyspace("h", KeyspaceOptions.of(EngineKind.ARRAY)),
          "'h' exists with the engine HASH, not ARRAY");
    }
    try (Store store = open(small().withDefaultEngine(EngineKind.ARRAY))) {
      assertEquals(EngineKind.HASH, store.keyspace("h").options().engine());
      assertEquals(EngineKind.ARRAY, store.keyspace("a").options().engine());
    }
  }

  @Test
  void names_are_any_text_up_to_their_limit() {
    List<String> names =
        List.of("ü", "名", "a b\n", "x".repeat(255), "ä".repeat(127), "\0", "../etc/passwd", "CON");
    try (Store store = open()) {
      for (String name : names) {
        store.keyspace(name).put(b("k"), b(name));
      }
      store.flush();
      Expect.failure(LimitException.class, () -> store.keyspace(""), "1 to 255");
      Expect.failure(
          LimitException.class, () -> store.keyspace("ä".repeat(128)), "this one has 256");
      assertThrows(UsageException.class, () -> store.keyspace("\ud800"));
    }
    try (Store store = open()) {
      for (String name : names) {
        assertArrayEquals(b(name), store.findKeyspace(name).orElseThrow().get(b("k")));
      }
    }
  }

  @Test
  void a_dropped_keyspace_says_so_everywhere() {
    try (Store store = open()) {
      Keyspace gone = store.keyspace("gone");
      gone.put(b("k"), b("v"));
      Cursor cursor = gone.cursor();
      cursor.seekToFirst();
      store.flush();
      long files = StoreFixture.snapshotFileCount(fs);
      store.dropKeyspace("gone");
      Expect.failure(StoreClosedException.class, () -> gone.get(b("k")), "'gone' was dropped");
      assertThrows(StoreClosedException.class, () -> gone.put(b("k"), b("v")));
      assertThrows(StoreClosedException.class, cursor::key);
      assertThrows(
          StoreClosedException.class,
          () -> store.write(new WriteBatch().put(gone, b("k"), b("v"))));
      cursor.close();
      Expect.failure(UsageException.class, () -> store.dropKeyspace("gone"), "no keyspace 'gone'");
      assertTrue(store.keyspace("gone").isEmpty(), "a new one of the same name");
      assertNotEquals(gone.id(), store.keyspace("gone").id());
      store.flush();
      assertEquals(files - 1, StoreFixture.snapshotFileCount(fs));
    }
  }

  @Test
  void a_snapshot_knows_no_keyspace_that_is_younger() {
    try (Store store = open();
        Snapshot snapshot = store.snapshot()) {
      Keyspace young = store.keyspace("young");
      Expect.failure(UsageException.class, () -> young.at(snapshot), "younger");
    }
  }

  // Options.

  @Test
  void a_store_keeps_its_options_and_opens_with_them_again() {
    StoreOptions mine = small().withLanes(2).withDurability(Durability.NONE);
    open(mine).close();
    StoreEnvironment environment = StoreEnvironment.system(fs, StoreFixture.engines(), false);
    try (Store store = StoreOpener.open(environment, DIRECTORY, null, ProgressListener.NONE)) {
      assertEquals(mine, store.options());
    }
    open(mine.withLanes(3)).close();
    try (Store store = StoreOpener.open(environment, DIRECTORY, null, ProgressListener.NONE)) {
      assertEquals(3, store.options().lanes());
    }
  }

  @Test
  void a_store_that_must_exist_is_never_made_and_keeps_its_options() throws Exception {
    StoreEnvironment environment = StoreEnvironment.system(fs, StoreFixture.engines(), false);
    assertThrows(
        FormatException.class,
        () -> StoreOpener.openExisting(environment, DIRECTORY, ProgressListener.NONE));
    assertFalse(fs.exists(DIRECTORY.resolve(StoreFileName.CATALOG)));
    StoreOptions mine = small().withLanes(2);
    open(mine).close();
    try (Store store = StoreOpener.openExisting(environment, DIRECTORY, ProgressListener.NONE)) {
      assertEquals(mine, store.options());
    }
  }

  @Test
  void lanes_make_files_of_their_own() throws Exception {
    try (Store store = open(small().withLanes(3))) {
      store.keyspace("k").put(b("a"), b("b"));
      assertEquals(
          3,
          fs.list(DIRECTORY).stream()
              .map(StoreFileName::parse)
              .filter(StoreFileName.Segment.class::isInstance)
              .map(s -> ((StoreFileName.Segment) s).lane())
              .distinct()
              .count());
    }
    try (Store store = open(small().withLanes(1))) {
      store.keyspace("k").put(b("c"), b("d"));
    }
    try (Store store = open(small().withLanes(2))) {
      assertEquals(2, store.keyspace("k").count());
    }
  }

  @Test
  void segments_get_as_long_as_asked_for_and_no_longer() {
    for (int kibibytes : new int[] {4, 512}) {
      MemoryFileSystem other = new MemoryFileSystem();
      try (Store store =
          StoreFixture.openThreaded(other, small().withSegment(ByteSize.ofKibibytes(kibibytes)))) {
        Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
        for (int i = 0; i < 3000; i++) {
          keyspace.put(b("" + i % 10), new byte[500], Durability.NONE);
        }
        long longest =
            other.list(DIRECTORY).stream()
                .filter(n -> n.endsWith(".seg"))
                .mapToLong(n -> length(other, n))
                .max()
                .orElseThrow();
        assertEquals(kibibytes << 10, longest);
      } catch (java.io.IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  private static long length(MemoryFileSystem fs, String name) {
    try {
      return fs.bytes(DIRECTORY.resolve(name)).length;
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void a_checkpoint_comes_after_as_much_log_as_the_options_say() {
    InlineBackground background = new InlineBackground();
    try (Store store =
        StoreFixture.openInline(
            fs, small().withCheckpointAfter(ByteSize.ofKibibytes(32)), background)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 20; i++) {
        keyspace.put(b("a"), new byte[1000], Durability.NONE);
      }
      assertEquals(0, store.stats().flushedThrough());
      for (int i = 0; i < 20; i++) {
        keyspace.put(b("a"), new byte[1000], Durability.NONE);
      }
      assertTrue(store.stats().flushedThrough() > 20);
      assertTrue(store.stats().log().segmentBytes() < 60_000, "" + store.stats().log());
    }
  }

  @Test
  void memory_is_a_limit_that_refuses_puts_and_takes_deletes() {
    try (Store store = open(small().withMemory(ByteSize.ofMebibytes(1)))) {
      Keyspace keyspace = store.keyspace("k");
      LimitException e =
          Expect.failure(
              LimitException.class,
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  keyspace.put(b("" + i), new byte[1000], Durability.NONE);
                }
              },
              "of its 1.00 MiB of memory",
              "withMemory");
      assertNotNull(e);
      long count = keyspace.count();
      assertTrue(count > 300 && count < 1100, "" + count);
      assertTrue(store.stats().memoryBytes() <= (1 << 20) * 1.1, "" + store.stats());
      assertFalse(store.stats().failed());
      for (int i = 0; i < count; i++) {
        keyspace.delete(b("" + i), Durability.NONE);
      }
      assertTrue(keyspace.isEmpty());
      for (int i = 0; i < 100; i++) {
        keyspace.put(b("" + i), new byte[1000], Durability.NONE);
      }
    }
  }

  @Test
  void opening_without_leave_to_create_makes_nothing() throws Exception {
    Expect.failure(
        FormatException.class, () -> open(small().withCreateIfMissing(false)), "no such directory");
    assertFalse(fs.exists(DIRECTORY));
    fs.createDirectories(DIRECTORY);
    Expect.failure(
        FormatException.class, () -> open(small().withCreateIfMissing(false)), "it is empty");
    assertEquals(List.of(), fs.list(DIRECTORY));
    open(small()).close();
    open(small().withCreateIfMissing(false)).close();
  }

  // What is not a store.

  @Test
  void a_directory_of_something_else_is_refused_untouched() throws Exception {
    fs.createDirectories(DIRECTORY);
    fs.replaceBytes(DIRECTORY.resolve("holiday.jpg"), b("not a store"));
    Expect.failure(
        FormatException.class, this::open, "is not a store", "holiday.jpg", "Nothing was changed");
    assertEquals(List.of("holiday.jpg"), fs.list(DIRECTORY));
  }

  @Test
  void the_root_of_a_file_system_may_become_a_store() throws Exception {
    fs.createDirectories(DIRECTORY.resolve("lost+found"));
    open().close();
  }

  @Test
  void a_file_is_not_a_store() throws Exception {
    fs.createDirectories(DIRECTORY.getParent());
    fs.create(DIRECTORY).close();
    Expect.failure(FormatException.class, this::open, "is a file");
  }

  @Test
  void a_newer_format_is_refused_with_no_byte_changed() throws Exception {
    open().close();
    byte[] catalog = fs.bytes(DIRECTORY.resolve("CATALOG"));
    for (int field : new int[] {10, 12, 8}) {
      byte[] newer = catalog.clone();
      newer[field] = (byte) (newer[field] + 9);
      Bytes.putInt(newer, 60, Checksum.of(newer, 0, 60));
      fs.replaceBytes(DIRECTORY.resolve("CATALOG"), newer);
      List<String> before = fs.list(DIRECTORY);
      Expect.failure(FormatException.class, this::open, "newer Varve", "Nothing was changed");
      assertEquals(before, fs.list(DIRECTORY));
      assertArrayEquals(newer, fs.bytes(DIRECTORY.resolve("CATALOG")));
    }
  }

  @Test
  void a_store_without_its_catalog_is_damaged_and_not_new() throws Exception {
    try (Store store = open()) {
      store.keyspace("k").put(b("a"), b("b"));
    }
    fs.delete(DIRECTORY.resolve("CATALOG"));
    Expect.failure(CorruptionException.class, this::open, "CATALOG", "no file", "salvage");
  }

  @Test
  void a_read_only_directory_is_named_as_such() {
    open().close();
    FaultFileSystem readOnly =
        new FaultFileSystem(fs)
            .with(FaultRule.when(FaultRule.changes()).then(new Fault.Refused(Fault.Errno.EACCES)));
    Expect.failure(
        StoreIoException.class,
        () -> StoreFixture.openThreaded(readOnly, small()),
        "its directory is read-only");
  }

  @Test
  void foreign_files_beside_a_store_are_left_alone() throws Exception {
    open().close();
    fs.replaceBytes(DIRECTORY.resolve("notes.txt"), b("mine"));
    fs.replaceBytes(DIRECTORY.resolve("ks-1-2.snap.tmp"), b("left by a crash"));
    try (Store store = open()) {
      store.keyspace("k").put(b("a"), b("b"));
      store.flush();
    }
    assertTrue(fs.exists(DIRECTORY.resolve("notes.txt")));
    assertFalse(fs.exists(DIRECTORY.resolve("ks-1-2.snap.tmp")));
  }
}
