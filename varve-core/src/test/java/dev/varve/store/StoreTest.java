package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.DiskFullException;
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
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import dev.varve.kv.UsageException;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
          List.of("0 HASH", "0 RBTREE", "1 HASH", "1 RBTREE", "2 HASH", "2 RBTREE"),
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
      long files = fileCount();
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
      assertEquals(files - 1, fileCount());
    }
  }

  private long fileCount() {
    try {
      return fs.list(DIRECTORY).stream()
          .filter(n -> StoreFileName.parse(n) instanceof StoreFileName.Snapshot)
          .count();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
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

  // Durability.

  @ParameterizedTest
  @EnumSource
  void each_level_keeps_what_it_says(Durability level) {
    InlineBackground background = new InlineBackground();
    Store store = StoreFixture.openInline(fs, small().withDurability(level), background);
    Keyspace keyspace = store.keyspace("k");
    for (int i = 0; i < 20; i++) {
      keyspace.put(b("" + i), b("v"));
    }
    int survived = survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)));
    switch (level) {
      case SYNC, GROUP -> assertEquals(20, survived);
      case PERIODIC -> {
        assertEquals(0, survived);
        background.runDelayed();
        assertEquals(20, survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY))));
      }
      case NONE -> {
        assertEquals(0, survived);
        keyspace.put(b("one more"), b("v"), Durability.SYNC);
        assertEquals(21, survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY))));
      }
    }
    assertEquals(keyspace.count(), survivors(fs.crash(new CrashImage(1, CrashImage.Mode.ALL))));
    store.close();
  }

  private static int survivors(MemoryFileSystem after) {
    try (Store store = StoreFixture.openInline(after, small(), new InlineBackground())) {
      return store.findKeyspace("k").map(k -> (int) k.count()).orElse(0);
    }
  }

  @Test
  void sync_makes_everything_durable_and_the_statistics_say_so() {
    Store store = StoreFixture.openInline(fs, small(), new InlineBackground());
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("v"), Durability.NONE);
    StoreStats before = store.stats();
    assertTrue(before.durableThrough() < before.visibleThrough());
    assertTrue(before.log().unsyncedBytes() > 0);
    assertTrue(before.log().unsyncedAgeNanos() > 0);
    store.sync();
    StoreStats after = store.stats();
    assertEquals(after.visibleThrough(), after.durableThrough());
    assertEquals(0, after.log().unsyncedBytes());
    assertEquals(0, after.log().unsyncedAgeNanos());
    assertTrue(after.log().syncs() > before.log().syncs());
    store.close();
  }

  @Test
  void periodic_commits_are_synced_by_themselves_however_slow_the_device() {
    FaultFileSystem slow =
        new FaultFileSystem(fs)
            .with(
                FaultRule.when(FaultRule.kind(Kind.FORCE))
                    .then(new Fault.Slow(Duration.ofMillis(20))));
    try (Store store =
        StoreFixture.openThreaded(
            slow,
            small()
                .withDurability(Durability.PERIODIC)
                .withPeriodicInterval(Duration.ofMillis(5)))) {
      Keyspace keyspace = store.keyspace("k");
      long before = store.stats().log().syncs();
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      for (int i = 0; store.stats().log().syncs() < before + 4; i++) {
        assertTrue(System.nanoTime() < deadline, "nobody syncs");
        keyspace.put(b("" + i), b("v"));
      }
    }
  }

  @Test
  void group_commit_serves_many_writers_with_few_syncs() throws Exception {
    FaultFileSystem slow =
        new FaultFileSystem(fs)
            .with(
                FaultRule.when(FaultRule.kind(Kind.FORCE))
                    .then(new Fault.Slow(Duration.ofMillis(2))));
    try (Store store = StoreFixture.openThreaded(slow, small())) {
      Keyspace keyspace = store.keyspace("k");
      long before = store.stats().log().syncs();
      List<Thread> writers = new ArrayList<>();
      for (int w = 0; w < 16; w++) {
        int me = w;
        writers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < 20; i++) {
                        keyspace.put(b(me + "." + i), b("v"));
                      }
                    }));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      long syncs = store.stats().log().syncs() - before;
      assertEquals(320, keyspace.count());
      assertTrue(syncs < 160, syncs + " syncs for 320 commits");
    }
  }

  /// The option has an effect: one who syncs waits for company.
  @Test
  void a_group_wait_gathers_commits_and_ends_early_when_enough_have_come() throws Exception {
    try (Store store = open(small().withGroupWait(Duration.ofMillis(200)).withGroupBatchMax(2))) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
      long begin = System.nanoTime();
      keyspace.put(b("alone"), b("v"));
      assertTrue(System.nanoTime() - begin >= 190_000_000L);
      begin = System.nanoTime();
      Thread other = Thread.ofPlatform().start(() -> keyspace.put(b("other"), b("v")));
      keyspace.put(b("with company"), b("v"));
      other.join();
      assertTrue(System.nanoTime() - begin < 190_000_000L);
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

  // Failures.

  @ParameterizedTest
  @EnumSource
  void a_failed_sync_is_final_for_writes_and_reads_go_on(SyncFailure mode) {
    FaultFileSystem faulty = new FaultFileSystem(fs);
    Store store = StoreFixture.openThreaded(faulty, small());
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("1"));
    faulty.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE)).times(1).then(new Fault.SyncFails(mode)));
    StoreFailedException first =
        Expect.failure(
            StoreFailedException.class,
            () -> keyspace.put(b("b"), b("2")),
            "takes no more writes",
            "Input/output error");
    assertTrue(store.stats().failed());
    for (org.junit.jupiter.api.function.Executable write :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> keyspace.put(b("c"), b("3")),
            () -> keyspace.delete(b("a"), Durability.NONE),
            () -> keyspace.increment(b("n"), 1),
            () -> store.keyspace("other"),
            () -> store.write(new WriteBatch().delete(keyspace, b("a"))),
            store::sync,
            store::flush)) {
      StoreFailedException again = assertThrows(StoreFailedException.class, write);
      assertSame(first.getCause(), again.getCause(), "the first cause is kept");
    }
    assertArrayEquals(b("1"), keyspace.get(b("a")));
    try (Cursor cursor = keyspace.cursor()) {
      assertTrue(cursor.seekToFirst());
    }
    assertThrows(StoreFailedException.class, store::close);
    store.close();
    try (Store again = open()) {
      assertArrayEquals(b("1"), again.keyspace("k").get(b("a")));
    }
  }

  @Test
  void a_full_disk_refuses_writes_takes_deletes_and_lets_writes_resume() throws Exception {
    Store store = open();
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("first"), b("v"));
    fs.limit(40_000);
    List<String> acknowledged = new ArrayList<>();
    Expect.failure(
        DiskFullException.class,
        () -> {
          for (int i = 0; i < 100_000; i++) {
            keyspace.put(b("" + i), new byte[100]);
            acknowledged.add("" + i);
          }
        },
        "device of",
        "is full",
        "resumes by itself");
    assertFalse(store.stats().failed());
    keyspace.delete(b("first"));
    assertEquals(acknowledged.size(), keyspace.count());
    Expect.failure(DiskFullException.class, store::flush, "nothing is lost");
    fs.limit(Long.MAX_VALUE);
    Thread.sleep(250);
    keyspace.put(b("resumed"), b("v"));
    store.flush();
    store.close();
    try (Store again = open()) {
      Keyspace back = again.keyspace("k");
      assertEquals(acknowledged.size() + 1, back.count());
      acknowledged.forEach(key -> assertTrue(back.contains(b(key))));
      assertFalse(back.contains(b("first")));
    }
  }

  @Test
  void a_store_opens_on_a_full_disk() {
    try (Store store = open()) {
      store.keyspace("k").put(b("a"), b("b"));
    }
    fs.limit(0);
    Store store = open();
    assertArrayEquals(b("b"), store.findKeyspace("k").orElseThrow().get(b("a")));
    assertThrows(
        DiskFullException.class, () -> store.findKeyspace("k").orElseThrow().put(b("c"), b("d")));
    store.close();
  }

  @Test
  void a_flush_that_cannot_write_its_file_loses_nothing_and_is_told() {
    InlineBackground background = new InlineBackground();
    FaultFileSystem faulty = new FaultFileSystem(fs);
    Store store =
        StoreFixture.openInline(
            faulty, small().withCheckpointAfter(ByteSize.ofKibibytes(8)), background);
    Keyspace keyspace = store.keyspace("k");
    faulty.with(
        FaultRule.when(FaultRule.path("ks-.*")).then(new Fault.Refused(Fault.Errno.EMFILE)));
    for (int i = 0; i < 40; i++) {
      keyspace.put(b("" + i), new byte[400]);
    }
    assertNotNull(store.stats().lastFlushFailure());
    assertTrue(store.stats().lastFlushFailure().contains("Too many open files"));
    assertThrows(StoreIoException.class, store::flush);
    faulty.heal();
    store.flush();
    store.close();
    try (Store again = open()) {
      assertEquals(40, again.keyspace("k").count());
    }
  }

  // Life and death of handles.

  @Test
  void a_closed_store_says_so_everywhere() {
    Store store = open();
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("b"));
    Snapshot snapshot = store.snapshot();
    Cursor cursor = keyspace.cursor();
    cursor.seekToFirst();
    store.close();
    store.close();
    for (org.junit.jupiter.api.function.Executable call :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> keyspace.get(b("a")),
            () -> keyspace.put(b("a"), b("b")),
            () -> keyspace.count(),
            () -> keyspace.cursor(),
            () -> keyspace.stats(),
            () -> keyspace.at(snapshot).get(b("a")),
            cursor::key,
            cursor::next,
            () -> store.keyspace("k"),
            () -> store.keyspaces(),
            () -> store.findKeyspace("k"),
            () -> store.snapshot(),
            () -> store.write(new WriteBatch().put(keyspace, b("a"), b("b"))),
            store::sync,
            store::flush,
            () -> store.verify(),
            () -> store.stats())) {
      assertThrows(StoreClosedException.class, call);
    }
    cursor.close();
    snapshot.close();
    assertEquals(List.of(), fs.openFiles());
  }

  @Test
  void closing_while_others_read_and_write_harms_neither() throws Exception {
    for (int round = 0; round < 20; round++) {
      Store store = open();
      Keyspace keyspace = store.keyspace("k" + round, KeyspaceOptions.of(EngineKind.HASH));
      AtomicReference<Throwable> failure = new AtomicReference<>();
      List<Long> written = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(4);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        boolean writer = t == 0;
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (long i = 0; ; i++) {
                          if (writer) {
                            keyspace.put(b("" + i), b("" + i));
                            written.add(i);
                          } else {
                            byte[] value = keyspace.get(b("" + i % 100));
                            assertTrue(value == null || value.length > 0);
                            keyspace.count();
                          }
                          if (i == 3) {
                            begun.countDown();
                          }
                        }
                      } catch (StoreClosedException expected) {
                        // The end.
                      } catch (Throwable other) {
                        failure.compareAndSet(null, other);
                        begun.countDown();
                      }
                    }));
      }
      begun.await();
      store.close();
      for (Thread thread : threads) {
        thread.join();
      }
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
      try (Store again = open()) {
        Keyspace back = again.keyspace("k" + round);
        for (long i : written) {
          assertTrue(back.contains(b("" + i)), "acknowledged write " + i);
        }
      }
    }
  }

  @Test
  void a_forgotten_handle_is_reported_with_its_place_and_gives_back_what_it_held()
      throws Exception {
    List<String> leaks = java.util.Collections.synchronizedList(new ArrayList<>());
    try (Store store = open()) {
      store.onLeak(leaks::add);
      Keyspace keyspace = store.keyspace("k");
      keyspace.put(b("a"), b("b"));
      forget(store, keyspace);
      for (int i = 0; i < 200 && store.stats().snapshots() > 0; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertEquals(0, store.stats().snapshots());
      assertEquals(2, store.stats().leakedHandles());
    }
    assertEquals(2, leaks.size(), leaks.toString());
    for (String leak : leaks) {
      assertTrue(leak.contains("was forgotten without being closed"), leak);
      assertTrue(leak.contains("it was opened at "), leak);
    }
  }

  private static void forget(Store store, Keyspace keyspace) {
    // Frames of this package count as Varve's own, so the place is where reflection calls the test.
    store.snapshot();
    keyspace.cursor().seekToFirst();
  }

  @Test
  void a_forgotten_store_is_closed_and_can_be_opened_again() throws Exception {
    forgetStore();
    for (int i = 0; ; i++) {
      System.gc();
      Thread.sleep(10);
      try (Store store = open()) {
        assertTrue(store.recovery().clean());
        assertEquals(1, store.keyspace("k").count());
        break;
      } catch (dev.varve.kv.StoreLockedException stillOpen) {
        assertTrue(i < 500, "the forgotten store was never closed");
      }
    }
  }

  private void forgetStore() {
    Store store = open();
    store.onLeak(leak -> {});
    store.keyspace("k").put(b("a"), b("b"));
  }

  @Test
  void a_store_is_opened_once_and_the_second_opener_learns_who_has_it() {
    try (Store store = open()) {
      assertNotNull(store);
      dev.varve.kv.StoreLockedException e =
          Expect.failure(
              dev.varve.kv.StoreLockedException.class, this::open, "open already, by this process");
      assertEquals(ProcessHandle.current().pid(), e.holder().orElseThrow());
      assertTrue(e.since().isPresent());
    }
    open().close();
  }

  // Flush, verify, progress.

  @Test
  void flushes_run_beside_writers_and_their_moment_is_one() throws Exception {
    try (Store store = open()) {
      Keyspace a = store.keyspace("a");
      Keyspace h = store.keyspace("h", KeyspaceOptions.of(EngineKind.HASH));
      boolean[] stop = new boolean[1];
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !stop[0]; i++) {
                      store.write(
                          new WriteBatch()
                              .put(a, b("" + i % 500), b("" + i))
                              .put(h, b("" + i % 500), b("" + i)),
                          Durability.NONE);
                    }
                  });
      for (int i = 0; i < 20; i++) {
        store.flush();
        MemoryFileSystem after = fs.crash(new CrashImage(i, CrashImage.Mode.SYNCED_ONLY));
        try (Store image = StoreFixture.openInline(after, small(), new InlineBackground())) {
          Keyspace a2 = image.keyspace("a");
          Keyspace h2 = image.keyspace("h");
          assertEquals(a2.count(), h2.count());
          for (int k = 0; k < 500; k++) {
            assertArrayEquals(a2.get(b("" + k)), h2.get(b("" + k)));
          }
        }
      }
      stop[0] = true;
      writer.join();
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
  }

  @Test
  void verification_reads_everything_and_finds_damage_under_an_open_store() throws Exception {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 300; i++) {
        keyspace.put(b("" + i), new byte[100]);
      }
      store.flush();
      for (int i = 0; i < 30; i++) {
        keyspace.put(b("more " + i), new byte[100]);
      }
      var sound = store.verify(true, ProgressListener.NONE);
      assertEquals(List.of(), sound.problems());
      assertTrue(sound.files() >= 3);
      assertEquals(330, sound.entries());
      assertTrue(sound.bytes() > 30_000);
      String snapshot =
          fs.list(DIRECTORY).stream().filter(n -> n.endsWith(".snap")).findFirst().orElseThrow();
      byte[] bytes = fs.bytes(DIRECTORY.resolve(snapshot));
      bytes[bytes.length / 2] ^= 1;
      fs.replaceBytes(DIRECTORY.resolve(snapshot), bytes);
      var damaged = store.verify(false, ProgressListener.NONE);
      assertEquals(1, damaged.problems().size());
      assertTrue(damaged.problems().getFirst().contains(snapshot));
      bytes[bytes.length / 2] ^= 1;
      fs.replaceBytes(DIRECTORY.resolve(snapshot), bytes);
    }
  }

  @Test
  void long_work_tells_how_far_it_is_and_can_be_stopped() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 40_000; i++) {
        batch.put(keyspace, b("" + i), new byte[10]);
      }
      store.write(batch);
      List<String> tasks = new ArrayList<>();
      store.flush(
          progress -> {
            tasks.add(progress.task() + " " + progress.unit());
            assertTrue(progress.done() <= progress.total());
            return true;
          });
      assertTrue(tasks.contains("write k entries"), tasks.toString());
      keyspace.put(b("x"), b("y"));
      assertThrows(CancellationException.class, () -> store.flush(progress -> false));
      assertThrows(CancellationException.class, () -> store.verify(true, progress -> false));
      assertFalse(store.stats().failed());
      store.flush();
      assertTrue(store.verify().isSound());
    }
    StoreEnvironment environment = StoreEnvironment.system(fs, StoreFixture.engines(), false);
    assertThrows(
        CancellationException.class,
        () -> StoreOpener.open(environment, DIRECTORY, small(), progress -> false));
    open().close();
  }

  @Test
  void the_recovery_report_says_what_was_found() {
    try (Store store = open()) {
      assertTrue(store.recovery().created());
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 50; i++) {
        keyspace.put(b("" + i), b("v"));
      }
      store.flush();
      keyspace.put(b("more"), b("v"));
    }
    try (Store store = open()) {
      var report = store.recovery();
      assertFalse(report.created());
      assertTrue(report.clean());
      assertEquals(50, report.snapshotEntries());
      assertEquals(1, report.commits());
      assertEquals(52, report.lastSequence());
      assertEquals(0, report.tailBytesDropped());
      assertNull(store.stats().lastFlushFailure());
    }
  }

  // Many.

  @Test
  void a_thousand_openings_leave_nothing_behind() throws Exception {
    int threads = Thread.activeCount();
    for (int i = 0; i < 1000; i++) {
      try (Store store = open()) {
        store.keyspace("k").put(b("" + i % 10), b("v"));
        if (i % 100 == 99) {
          store.flush();
        }
      }
    }
    assertEquals(List.of(), fs.openFiles());
    assertTrue(fs.list(DIRECTORY).size() < 110, fs.list(DIRECTORY).size() + " files");
    for (int i = 0; i < 100 && Thread.activeCount() > threads + 1; i++) {
      Thread.sleep(10);
    }
    assertTrue(Thread.activeCount() <= threads + 1, "threads are left");
  }

  @Test
  void a_thousand_keyspaces_made_and_dropped_leave_nothing_behind() throws Exception {
    try (Store store = open()) {
      long before = store.stats().memoryBytes();
      for (int i = 0; i < 1000; i++) {
        Keyspace keyspace =
            store.keyspace("k" + i, KeyspaceOptions.of(EngineKind.ofCode(1 + i % 3)));
        keyspace.put(b("a"), new byte[100], Durability.NONE);
      }
      assertEquals(1000, store.keyspaces().size());
      store.flush();
      assertEquals(1000, fileCount());
      for (int i = 0; i < 1000; i++) {
        store.dropKeyspace("k" + i);
      }
      store.flush();
      assertEquals(0, fileCount());
      assertEquals(List.of(), store.keyspaces());
      assertEquals(before, store.stats().memoryBytes());
    }
    try (Store store = open()) {
      assertEquals(1001, store.keyspace("next").id());
    }
  }
}
