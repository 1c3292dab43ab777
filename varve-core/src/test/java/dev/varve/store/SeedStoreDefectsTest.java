package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.VarveException;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What went wrong in the stores that Varve learnt from, and does not here. The tag is the number
/// that the defect has in the list of them; `docs/HAZARDS.md` tells what each did.
@ExtendWith(StoreGuard.class)
final class SeedStoreDefectsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final MemoryFileSystem memory = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoreOptions small() {
    return StoreOptions.defaults()
        .withSegment(ByteSize.ofKibibytes(4))
        .withCheckpointAfter(ByteSize.ofMebibytes(64));
  }

  private static Store open(FileSystem fs) {
    return open(fs, small());
  }

  private static Store open(FileSystem fs, StoreOptions options) {
    return StoreFixture.openInline(fs, options, new InlineBackground());
  }

  /** The first exception is what a test is about; the store has no more to say. */
  private static void closeFailed(Store store) {
    assertThrows(StoreFailedException.class, store::close);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("D2")
  void a_commit_made_while_a_flush_runs_survives_the_flush(EngineKind engine) {
    AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    FaultFileSystem fs =
        new FaultFileSystem(
            memory,
            operation -> {
              if (String.valueOf(operation.path()).contains("ks-")
                  || String.valueOf(operation.path()).contains("CATALOG")) {
                meanwhile.get().run();
              }
            });
    Store store = open(fs);
    Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
    for (int i = 0; i < 100; i++) {
      keyspace.put(b("before " + i), b("v"), Durability.NONE);
    }
    int[] during = new int[1];
    meanwhile.set(() -> keyspace.put(b("during " + during[0]++), b("v")));
    store.flush();
    meanwhile.set(() -> {});
    assertTrue(during[0] >= 4, "" + during[0]);
    for (CrashImage.Mode mode : CrashImage.Mode.values()) {
      MemoryFileSystem after = memory.crash(new CrashImage(1, mode));
      try (Store again = open(after)) {
        assertEquals(100 + during[0], again.keyspace("k").count(), mode.toString());
      }
    }
    store.close();
  }

  @Test
  @Tag("D2")
  void a_flush_that_failed_gives_back_no_log() {
    FaultFileSystem fs = new FaultFileSystem(memory);
    Store store = open(fs);
    Keyspace keyspace = store.keyspace("k");
    for (int i = 0; i < 200; i++) {
      keyspace.put(b("" + i), b("v"));
    }
    fs.with(FaultRule.when(FaultRule.path("ks-.*")).then(new Fault.Refused(Fault.Errno.EIO)));
    assertThrows(VarveException.class, store::flush);
    assertEquals(0, store.stats().flushedThrough());
    try (Store again = open(memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)))) {
      assertEquals(200, again.keyspace("k").count());
    }
    store.close();
  }

  @Test
  @Tag("D3")
  void what_a_flush_wrote_is_not_replayed() {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 100; i++) {
        keyspace.put(b("" + i), b("v"));
      }
      store.flush();
    }
    try (Store store = open(memory)) {
      assertEquals(0, store.recovery().commits());
      assertEquals(100, store.recovery().snapshotEntries());
      assertEquals(101, store.recovery().lastSequence());
    }
  }

  @Test
  @Tag("D8")
  @Tag("C30")
  void a_batch_over_keyspaces_and_engines_is_whole_or_absent_at_every_cut() {
    List<MemoryFileSystem> images = new ArrayList<>();
    FaultFileSystem fs =
        new FaultFileSystem(
            memory,
            operation -> {
              CrashImage.Mode[] modes = CrashImage.Mode.values();
              CrashImage.Mode mode = modes[(int) (operation.index() % modes.length)];
              images.add(memory.crash(new CrashImage(operation.index(), mode)));
            });
    int batches = 60;
    try (Store store = open(fs, small().withLanes(3))) {
      List<Keyspace> keyspaces = new ArrayList<>();
      for (EngineKind engine : EngineKind.values()) {
        keyspaces.add(store.keyspace("" + engine, KeyspaceOptions.of(engine)));
      }
      for (int i = 0; i < batches; i++) {
        WriteBatch batch = new WriteBatch();
        for (Keyspace keyspace : keyspaces) {
          batch.put(keyspace, b("key"), b("" + i)).put(keyspace, b("other " + i), b("" + i));
        }
        store.write(batch, i % 3 == 0 ? Durability.SYNC : Durability.NONE);
      }
    }
    assertTrue(images.size() > 100, images.size() + " cuts");
    for (int cut = 0; cut < images.size(); cut++) {
      try (Store store = open(images.get(cut))) {
        List<String> states = new ArrayList<>();
        for (Keyspace keyspace : store.keyspaces()) {
          byte[] value = keyspace.get(b("key"));
          String state = value == null ? "none" : new String(value, StandardCharsets.UTF_8);
          assertEquals(value == null ? 0 : Integer.parseInt(state) + 2L, keyspace.count());
          states.add(state);
        }
        // A keyspace that the cut came too early for has no batch either.
        long kinds = states.stream().distinct().count();
        assertTrue(kinds <= 1, "cut " + cut + ": " + states);
      }
    }
  }

  @Test
  @Tag("D9b")
  void a_store_without_options_acknowledges_only_what_is_on_the_device() {
    Store store = open(memory, StoreOptions.defaults());
    store.keyspace("k").put(b("a"), b("b"));
    try (Store again = open(memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)))) {
      assertArrayEquals(b("b"), again.keyspace("k").get(b("a")));
    }
    store.close();
  }

  @Test
  @Tag("D10")
  void closing_does_not_wait_for_the_periodic_interval() {
    Store store =
        StoreFixture.openThreaded(
            memory,
            small().withDurability(Durability.PERIODIC).withPeriodicInterval(Duration.ofHours(1)));
    store.keyspace("k").put(b("a"), b("b"));
    Assertions.assertTimeoutPreemptively(PATIENCE, store::close);
    try (Store again = open(memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)))) {
      assertArrayEquals(b("b"), again.keyspace("k").get(b("a")), "and it synced");
    }
  }

  @Test
  @Tag("D10")
  void a_sync_that_fails_while_closing_is_told() {
    FaultFileSystem fs = new FaultFileSystem(memory);
    Store store = open(fs);
    store.keyspace("k").put(b("a"), b("b"), Durability.NONE);
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE))
            .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    closeFailed(store);
    assertEquals(List.of(), memory.openFiles());
    open(memory).close();
  }

  @Test
  @Tag("D10")
  void a_device_that_has_no_space_for_what_was_preallocated_does_not_hang_the_store() {
    FaultFileSystem fs = new FaultFileSystem(memory);
    Store store = StoreFixture.openThreaded(fs, small().withLanes(2));
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("1"));
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.WRITE).and(FaultRule.path(".*\\.seg")))
            .times(1)
            .then(new Fault.Refused(Fault.Errno.ENOSPC)));
    assertThrows(VarveException.class, () -> keyspace.put(b("b"), b("2")));
    Assertions.assertTimeoutPreemptively(
        PATIENCE,
        () -> {
          try {
            keyspace.put(b("c"), b("3"));
            keyspace.put(b("d"), b("4"));
          } catch (StoreFailedException | DiskFullException refused) {
            assertArrayEquals(b("1"), keyspace.get(b("a")));
          }
        });
    boolean went = keyspace.contains(b("d"));
    try {
      store.close();
    } catch (StoreFailedException told) {
      assertFalse(went);
    }
    try (Store again = open(memory)) {
      assertArrayEquals(b("1"), again.keyspace("k").get(b("a")));
      assertEquals(went, again.keyspace("k").contains(b("d")));
    }
  }

  /// The first operation that fails may be the one that begins the log or a segment of it.
  @ParameterizedTest
  @EnumSource(names = {"EIO", "ENOSPC"})
  @Tag("D10")
  void an_error_at_any_one_operation_never_loses_what_was_acknowledged(Fault.Errno error) {
    for (int lanes : new int[] {1, 3}) {
      StoreOptions options = small().withLanes(lanes);
      long operations = runWithError(options, error, -1);
      assertTrue(operations > 50, operations + " operations");
      for (long failing = 0; failing < operations; failing++) {
        long _ = runWithError(options, error, failing);
      }
    }
  }

  /** Answers how many operations there were. */
  private static long runWithError(StoreOptions options, Fault.Errno error, long failing) {
    MemoryFileSystem fs = new MemoryFileSystem();
    String where = options.lanes() + " lanes, " + error + " at operation " + failing;
    FaultFileSystem faulty =
        new FaultFileSystem(fs)
            .with(FaultRule.when(FaultRule.index(failing)).then(new Fault.Refused(error)));
    List<String> acknowledged = new ArrayList<>();
    try (Store store = open(faulty, options)) {
      for (int i = 0; i < 30; i++) {
        try {
          store.keyspace("k").put(b("" + i), new byte[1500 * (i % 2)]);
          acknowledged.add("" + i);
        } catch (VarveException refused) {
          // The next one is tried all the same.
        }
      }
    } catch (VarveException refused) {
      // To open, or to close.
    }
    for (CrashImage.Mode mode : List.of(CrashImage.Mode.ALL, CrashImage.Mode.SYNCED_ONLY)) {
      try (Store again = open(fs.crash(new CrashImage(1, mode)), options)) {
        for (String key : acknowledged) {
          assertTrue(again.keyspace("k").contains(b(key)), () -> where + " lost " + key);
        }
      } catch (VarveException e) {
        throw new AssertionError(where + ", " + mode, e);
      }
    }
    return faulty.operationCount();
  }

  @Test
  @Tag("C26")
  void a_commit_of_many_mutations_is_one_write_and_one_sync() {
    List<FileOperation> operations = new ArrayList<>();
    FaultFileSystem fs = new FaultFileSystem(memory, operations::add);
    StoreOptions options = small().withSegment(ByteSize.ofMebibytes(1));
    try (Store store = open(fs, options)) {
      Keyspace keyspace = store.keyspace("k");
      operations.clear();
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 100; i++) {
        batch.put(keyspace, b("key " + i), b("value")).delete(keyspace, b("other " + i));
      }
      store.write(batch, Durability.SYNC);
      assertEquals(
          List.of(Kind.WRITE, Kind.FORCE), operations.stream().map(FileOperation::kind).toList());
    }
  }

  @Test
  @Tag("C27")
  void a_log_that_fills_its_segments_goes_on_and_gives_them_back() {
    StoreOptions options = small().withCheckpointAfter(ByteSize.ofKibibytes(32));
    try (Store store = open(memory, options)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 3000; i++) {
        keyspace.put(b("" + i % 50), new byte[500], Durability.NONE);
      }
      assertTrue(store.stats().log().bytes() > 1_500_000);
      assertTrue(store.stats().log().segmentBytes() < 150_000, "" + store.stats().log());
      assertEquals(50, keyspace.count());
    }
    try (Store store = open(memory, options)) {
      assertEquals(50, store.keyspace("k").count());
      assertEquals(3001, store.recovery().lastSequence());
    }
  }

  @Test
  @Tag("C28")
  void recovery_takes_every_segment_and_goes_on_with_the_numbers() {
    long last = 0;
    for (int life = 0; life < 4; life++) {
      Store store = open(memory, small().withLanes(1 + life % 3));
      assertEquals(last, store.recovery().lastSequence());
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 100; i++) {
        keyspace.put(b(life + "/" + i), new byte[200]);
      }
      last = store.stats().visibleThrough();
      assertEquals(1 + 100 * (life + 1), last);
      assertEquals(100L * (life + 1), keyspace.count());
      if (life % 2 == 0) {
        store.close();
      } else {
        MemoryFileSystem after = memory.crash(new CrashImage(life, CrashImage.Mode.ALL));
        store.close();
        copy(after);
      }
    }
  }

  /** Puts the files of another file system in the place of this one's. */
  private void copy(MemoryFileSystem from) {
    try {
      for (String name : memory.list(DIRECTORY)) {
        memory.delete(DIRECTORY.resolve(name));
      }
      for (String name : from.list(DIRECTORY)) {
        memory.replaceBytes(DIRECTORY.resolve(name), from.bytes(DIRECTORY.resolve(name)));
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Tag("C29")
  void replaying_more_log_than_a_checkpoint_takes_does_not_lock_itself() {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 1000; i++) {
        keyspace.put(b("" + i), new byte[100], Durability.NONE);
      }
    }
    StoreOptions eager = small().withCheckpointAfter(ByteSize.ofKibibytes(4));
    Assertions.assertTimeoutPreemptively(
        PATIENCE,
        () -> {
          try (Store store = StoreFixture.openThreaded(memory, eager)) {
            assertEquals(1001, store.recovery().commits());
            Keyspace keyspace = store.keyspace("k");
            assertEquals(1000, keyspace.count());
            keyspace.put(b("more"), b("v"));
          }
        });
  }

  @Test
  @Tag("C30")
  void the_last_mutation_of_a_key_counts_however_still_the_clock_stands() {
    Clock still =
        new Clock() {
          @Override
          public long nanos() {
            return 1;
          }

          @Override
          public long wallMillis() {
            return 1;
          }
        };
    for (EngineKind engine : EngineKind.values()) {
      MemoryFileSystem fs = new MemoryFileSystem();
      for (int life = 0; life < 2; life++) {
        try (Store store = StoreFixture.open(fs, small(), new InlineBackground(), still)) {
          Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
          if (life == 0) {
            WriteBatch batch = new WriteBatch();
            for (int i = 0; i < 10_000; i++) {
              batch.put(keyspace, b("" + i % 10), b("" + i)).delete(keyspace, b("gone"));
              batch.delete(keyspace, b("back")).put(keyspace, b("gone"), b("v"));
              batch.delete(keyspace, b("gone")).put(keyspace, b("back"), b("" + i));
            }
            store.write(batch);
          }
          for (int key = 0; key < 10; key++) {
            assertArrayEquals(b("" + (9990 + key)), keyspace.get(b("" + key)));
          }
          assertNull(keyspace.get(b("gone")));
          assertArrayEquals(b("9999"), keyspace.get(b("back")));
        }
      }
    }
  }

  @Test
  @Tag("C31")
  void the_order_in_which_a_directory_lists_its_files_means_nothing() {
    try (Store store = open(memory, small().withLanes(2))) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 1000; i++) {
        keyspace.put(b("" + i % 7), b("" + i), Durability.NONE);
      }
    }
    for (int seed = 0; seed < 10; seed++) {
      try (Store store = open(shuffled(memory, seed), small().withLanes(2))) {
        for (int i = 993; i < 1000; i++) {
          assertArrayEquals(b("" + i), store.keyspace("k").get(b("" + i % 7)), "seed " + seed);
        }
      }
    }
  }

  /** The same file system, that lists directories in an order of chance. */
  private static FileSystem shuffled(FileSystem below, int seed) {
    Random random = new Random(seed);
    return (FileSystem)
        Proxy.newProxyInstance(
            FileSystem.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (_, method, arguments) -> {
              try {
                Object answer = method.invoke(below, arguments);
                if (answer instanceof List<?> names) {
                  List<Object> mixed = new ArrayList<>(names);
                  Collections.shuffle(mixed, random);
                  return mixed;
                }
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @ParameterizedTest
  @EnumSource
  @Tag("C32")
  void a_deleted_key_never_comes_back_whenever_a_flush_is_cut(EngineKind engine) {
    List<MemoryFileSystem> images = new ArrayList<>();
    boolean[] cutting = new boolean[1];
    FaultFileSystem fs =
        new FaultFileSystem(
            memory,
            operation -> {
              if (cutting[0]) {
                for (CrashImage.Mode mode : CrashImage.Mode.values()) {
                  images.add(memory.crash(new CrashImage(operation.index(), mode)));
                }
              }
            });
    Store store = open(fs);
    Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
    for (int round = 0; round < 3; round++) {
      cutting[0] = false;
      for (int i = 0; i < 60; i++) {
        keyspace.put(b("dead " + i), new byte[50]);
        keyspace.delete(b("dead " + i));
        keyspace.put(b("alive " + i), b("" + round));
      }
      cutting[0] = true;
      store.flush();
    }
    assertTrue(images.size() > 100, images.size() + " cuts");
    for (MemoryFileSystem image : images) {
      try (Store again = open(image)) {
        Keyspace back = again.keyspace("k");
        assertEquals(60, back.count());
        assertArrayEquals(back.get(b("alive 0")), back.get(b("alive 59")));
      }
    }
    cutting[0] = false;
    store.close();
  }

  @Test
  @Tag("C32")
  void a_flipped_bit_in_a_snapshot_is_never_an_answer() throws IOException {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 20; i++) {
        keyspace.put(b("key " + i), b("value " + i));
      }
      store.flush();
    }
    Path file =
        memory.list(DIRECTORY).stream()
            .filter(name -> StoreFileName.parse(name) instanceof StoreFileName.Snapshot)
            .map(DIRECTORY::resolve)
            .findFirst()
            .orElseThrow();
    byte[] sound = memory.bytes(file);
    for (int at = 0; at < sound.length; at++) {
      byte[] flipped = sound.clone();
      flipped[at] ^= (byte) (1 << at % 8);
      memory.replaceBytes(file, flipped);
      VarveException e = assertThrows(VarveException.class, () -> open(memory), "byte " + at);
      if (e instanceof CorruptionException damage) {
        assertEquals(file, damage.file());
      }
    }
  }
}
