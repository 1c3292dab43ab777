package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How much of the device the log takes, and that giving it back loses nothing.
@ExtendWith(StoreGuard.class)
final class LogSpaceTest {
  /** Work in the background that does not begin before the store is done with. */
  private static final class Never implements Background {
    @Override
    public void submit(Runnable work) {}

    @Override
    public void submitAfter(Duration delay, Runnable work) {}

    @Override
    public void close() {}
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofKibibytes(4));
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// A segment becomes the active one between the sync of a flush and its catalog, with the first
  /// commit that the flush does not hold.
  @Test
  void a_catalog_names_no_segment_whose_begin_could_be_lost() throws Exception {
    for (int filled = 1; filled < 14; filled++) {
      MemoryFileSystem own = StoreFixture.memory();
      MemoryFileSystem left;
      try (Store store = StoreFixture.open(own, options(), new Never(), Clock.SYSTEM)) {
        Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.LSM));
        for (int i = 0; i < filled; i++) {
          keyspace.put(b("key" + i), new byte[250]);
        }
        store.flush(
            _ -> {
              keyspace.put(b("later"), new byte[250]);
              return true;
            });
        left = own.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      }
      try (Store store = StoreFixture.openInline(left, options(), new InlineBackground())) {
        assertNotNull(store.keyspace("k").get(b("key" + (filled - 1))), filled + " entries");
      }
    }
  }

  private static final long SEGMENT_BYTES = 1 << 20;

  private static StoreOptions largeSegments(int lanes) {
    return options().withSegment(ByteSize.ofBytes(SEGMENT_BYTES)).withLanes(lanes);
  }

  private static long segmentBytes(MemoryFileSystem fs) throws IOException {
    long sum = 0;
    for (String name : fs.list(StoreFixture.DIRECTORY)) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Segment) {
        sum += fs.bytes(StoreFixture.DIRECTORY.resolve(name)).length;
      }
    }
    return sum;
  }

  private static void put(Keyspace keyspace, int from, int to) {
    for (int i = from; i < to; i++) {
      keyspace.put(b("key" + i), new byte[1000]);
    }
  }

  private static void requireAll(Keyspace keyspace, int entries) {
    assertEquals(entries, keyspace.count());
    assertNotNull(keyspace.get(b("key" + (entries - 1))));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void the_log_of_a_store_that_was_flushed_and_is_idle_gets_short(int lanes) throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    InlineBackground background = new InlineBackground();
    try (Store store = StoreFixture.openInline(fs, largeSegments(lanes), background)) {
      Keyspace keyspace = store.keyspace("k");
      put(keyspace, 0, 5000);
      store.flush();
      assertTrue(segmentBytes(fs) > SEGMENT_BYTES, "what is written next goes to a long segment");
      background.runDelayed();
      // In each lane one and the next, which is made ahead of need.
      assertTrue(segmentBytes(fs) <= 2L * lanes * (256 << 10), segmentBytes(fs) + " bytes");
      assertEquals(segmentBytes(fs), store.stats().log().segmentBytes());

      put(keyspace, 5000, 10_000);
      store.sync();
      MemoryFileSystem left = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      try (Store after = StoreFixture.openInline(left, largeSegments(lanes), background)) {
        requireAll(after.keyspace("k"), 10_000);
      }
    }
  }

  @Test
  void a_log_that_holds_what_is_nowhere_else_stays() throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    InlineBackground background = new InlineBackground();
    try (Store store = StoreFixture.openInline(fs, largeSegments(1), background)) {
      Keyspace keyspace = store.keyspace("k");
      put(keyspace, 0, 3000);
      store.flush();
      put(keyspace, 3000, 3001);
      long before = segmentBytes(fs);
      background.runDelayed();
      assertEquals(before, segmentBytes(fs));
      MemoryFileSystem left = fs.kill();
      try (Store after = StoreFixture.openInline(left, largeSegments(1), new InlineBackground())) {
        requireAll(after.keyspace("k"), 3001);
      }
    }
  }

  /// A power cut at any step of it.
  @Test
  void nothing_is_lost_while_the_log_gets_short() throws Exception {
    boolean ended = false;
    for (long step = 1; !ended; step++) {
      MemoryFileSystem memory = StoreFixture.memory();
      AtomicLong left = new AtomicLong(Long.MAX_VALUE);
      AtomicReference<MemoryFileSystem> image = new AtomicReference<>();
      CrashImage cut = new CrashImage(step, CrashImage.Mode.SYNCED_ONLY);
      FaultFileSystem fs =
          new FaultFileSystem(
              memory,
              _ -> {
                if (left.decrementAndGet() == 0) {
                  image.set(memory.crash(cut));
                }
              });
      InlineBackground background = new InlineBackground();
      try (Store store = StoreFixture.openInline(fs, largeSegments(2), background)) {
        Keyspace keyspace = store.keyspace("k");
        put(keyspace, 0, 700);
        store.flush();
        left.set(step);
        background.runDelayed();
        ended = image.get() == null;
      }
      MemoryFileSystem after = ended ? memory : image.get();
      try (Store store = StoreFixture.openInline(after, largeSegments(2), new InlineBackground())) {
        requireAll(store.keyspace("k"), 700);
        put(store.keyspace("k"), 700, 701);
        requireAll(store.keyspace("k"), 701);
      }
    }
  }

  private static final KeyspaceOptions SMALL_LSM =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(256));

  private static StoreOptions shortSegments() {
    return options().withSegment(ByteSize.ofKibibytes(64));
  }

  @Test
  void what_engines_have_written_by_themselves_frees_the_log() throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    try (Store store = StoreFixture.openInline(fs, shortSegments(), new InlineBackground())) {
      store.keyspace("idle", SMALL_LSM);
      Keyspace keyspace = store.keyspace("k", SMALL_LSM);
      put(keyspace, 0, 5000);
      long written = store.stats().log().bytes();
      assertTrue(written > 5_000_000, written + " bytes");
      assertTrue(segmentBytes(fs) < 1_000_000, segmentBytes(fs) + " bytes");
      MemoryFileSystem left = fs.kill();
      try (Store after = StoreFixture.openInline(left, shortSegments(), new InlineBackground())) {
        assertTrue(after.recovery().logBytes() < 1_000_000, after.recovery().toString());
        requireAll(after.keyspace("k"), 5000);
        assertEquals(0, after.keyspace("idle").count());
      }
    }
  }

  @Test
  void a_store_that_is_opened_again_reads_no_more_log_than_was_in_memory() throws Exception {
    for (int round = 0; round < 5; round++) {
      MemoryFileSystem fs = StoreFixture.memory();
      int entries = 1500 + 100 * round;
      try (Store store = StoreFixture.openThreaded(fs, shortSegments())) {
        put(store.keyspace("k", SMALL_LSM), 0, entries);
      }
      try (Store store = StoreFixture.openThreaded(fs, shortSegments())) {
        // A memtable and the rest of a segment.
        assertTrue(store.recovery().logBytes() < 400_000, store.recovery().toString());
        requireAll(store.keyspace("k"), entries);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"RBTREE", "LSM"})
  void what_no_file_has_stays_in_the_log_whatever_other_engines_have_written(EngineKind engine)
      throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    try (Store store = StoreFixture.openInline(fs, shortSegments(), new InlineBackground())) {
      Keyspace other = store.keyspace("other", KeyspaceOptions.of(engine));
      Keyspace keyspace = store.keyspace("k", SMALL_LSM);
      put(keyspace, 0, 2000);
      put(other, 0, 1);
      put(keyspace, 2000, 4000);
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
      MemoryFileSystem left = fs.kill();
      try (Store after = StoreFixture.openInline(left, shortSegments(), new InlineBackground())) {
        requireAll(after.keyspace("k"), 4000);
        requireAll(after.keyspace("other"), 1);
      }
      store.flush();
      put(keyspace, 4000, 6000);
      assertTrue(segmentBytes(fs) < 1_000_000, segmentBytes(fs) + " bytes");
    }
  }

  @Test
  void keyspaces_that_came_and_went_are_known_when_the_log_of_it_is_gone() throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    try (Store store = StoreFixture.openInline(fs, shortSegments(), new InlineBackground())) {
      Keyspace keyspace = store.keyspace("k", SMALL_LSM);
      store.keyspace("gone", KeyspaceOptions.of(EngineKind.RBTREE)).put(b("a"), b("b"));
      put(keyspace, 0, 2000);
      store.dropKeyspace("gone");
      put(store.keyspace("kept", KeyspaceOptions.of(EngineKind.RBTREE)), 0, 1);
      put(keyspace, 2000, 4000);
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
      MemoryFileSystem left = fs.kill();
      try (Store after = StoreFixture.openInline(left, shortSegments(), new InlineBackground())) {
        assertEquals(
            List.of("k", "kept"), after.keyspaces().stream().map(Keyspace::name).sorted().toList());
        requireAll(after.keyspace("k"), 4000);
        requireAll(after.keyspace("kept"), 1);
      }
    }
  }

  /** Work in the background that is done when the test says so. */
  private static final class Later implements Background {
    private final Deque<Runnable> submitted = new ArrayDeque<>();

    @Override
    public void submit(Runnable work) {
      submitted.add(work);
    }

    @Override
    public void submitAfter(Duration delay, Runnable work) {}

    void run() {
      while (!submitted.isEmpty()) {
        submitted.remove().run();
      }
    }

    @Override
    public void close() {
      submitted.clear();
    }
  }

  /// The catalog knows the keyspaces as of a later commit than what their files hold, and of each
  /// keyspace another one.
  @Test
  void each_keyspace_is_replayed_from_where_its_own_files_end() throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    Later background = new Later();
    try (Store store = StoreFixture.open(fs, shortSegments(), background, Clock.SYSTEM)) {
      Keyspace other = store.keyspace("other", KeyspaceOptions.of(EngineKind.RBTREE));
      Keyspace keyspace = store.keyspace("k", SMALL_LSM);
      put(keyspace, 0, 600);
      background.run();
      long first = store.stats().flushedThrough();
      put(other, 0, 1);
      put(store.keyspace("last", KeyspaceOptions.of(EngineKind.RBTREE)), 0, 1);
      put(keyspace, 600, 1200);
      background.run();
      long second = store.stats().flushedThrough();
      assertTrue(first > 0 && second > first, first + ", " + second);

      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
      store.sync();
      MemoryFileSystem left = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      try (Store after = StoreFixture.openInline(left, shortSegments(), new InlineBackground())) {
        requireAll(after.keyspace("k"), 1200);
        requireAll(after.keyspace("other"), 1);
        requireAll(after.keyspace("last"), 1);
      }
    }
  }
}
