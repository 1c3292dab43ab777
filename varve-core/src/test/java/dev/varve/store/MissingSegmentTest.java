package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// After a crash the newest segment of the log is missing or was cut: the commits in it were
/// acknowledged, so the store is not opened as if they had never been.
@ExtendWith(StoreGuard.class)
final class MissingSegmentTest {
  private final MemoryFileSystem fs = StoreFixture.memory();

  private static StoreOptions options(int lanes) {
    return StoreOptions.defaults().withLanes(lanes).withSegment(ByteSize.ofKibibytes(4));
  }

  private static Store open(MemoryFileSystem fileSystem, int lanes) {
    return StoreFixture.openInline(fileSystem, options(lanes), new InlineBackground());
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Writes so many commits durably and answers what a power cut leaves. */
  private MemoryFileSystem crashAfter(int lanes, int commits) {
    try (Store store = open(fs, lanes)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < commits; i++) {
        keyspace.put(b("key" + i), new byte[300], Durability.SYNC);
      }
      return fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
    }
  }

  /** The segments in which a lane has begun, oldest first. */
  private static List<Path> begun(MemoryFileSystem fileSystem, int lane) throws Exception {
    List<Path> segments = new ArrayList<>();
    for (String name : fileSystem.list(StoreFixture.DIRECTORY)) {
      Path path = StoreFixture.DIRECTORY.resolve(name);
      if (StoreFileName.parse(name) instanceof StoreFileName.Segment segment
          && segment.lane() == lane
          && fileSystem.bytes(path)[136] != 0) {
        segments.add(path);
      }
    }
    return segments;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void the_first_segment_of_a_process_is_missed(int lanes) throws Exception {
    try (Store store = open(fs, lanes)) {
      store.keyspace("k").put(b("old"), b("1"));
    }
    MemoryFileSystem left = crashAfter(lanes, 1);
    for (int lane = 0; lane < lanes; lane++) {
      MemoryFileSystem damaged = left.kill();
      damaged.delete(begun(damaged, lane).getLast());
      CorruptionException e =
          assertThrows(CorruptionException.class, () -> open(damaged, lanes), "lane " + lane);
      assertTrue(e.getMessage().contains("incarnation 2"), e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_segment_that_another_went_on_in_is_missed(int lanes) throws Exception {
    MemoryFileSystem left = crashAfter(lanes, 40);
    List<Path> segments = begun(left, 0);
    boolean rolled = segments.size() > 1;
    for (int lane = 1; lane < lanes; lane++) {
      rolled |= begun(left, lane).size() > 1;
    }
    assertTrue(rolled, "the log has rolled");
    for (int lane = 0; lane < lanes; lane++) {
      segments = begun(left, lane);
      if (segments.size() > 1) {
        MemoryFileSystem damaged = left.kill();
        damaged.delete(segments.getLast());
        assertThrows(CorruptionException.class, () -> open(damaged, lanes));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_segment_that_was_cut_short_is_seen(int lanes) throws Exception {
    MemoryFileSystem left = crashAfter(lanes, 5);
    for (int lane = 0; lane < lanes; lane++) {
      Path newest = begun(left, lane).getLast();
      byte[] whole = left.bytes(newest);
      for (int length = 200; length < whole.length; length += 97) {
        MemoryFileSystem damaged = left.kill();
        damaged.replaceBytes(newest, Arrays.copyOf(whole, length));
        assertThrows(CorruptionException.class, () -> open(damaged, lanes), "" + length);
      }
    }
    try (Store store = open(left, lanes)) {
      assertEquals(5, store.keyspace("k").count());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_store_that_every_process_adds_a_segment_to_gives_them_back(int lanes) throws Exception {
    for (int i = 0; i < 60; i++) {
      try (Store store = open(fs, lanes)) {
        store.keyspace("k").put(b("key" + i), b("1"));
      }
    }
    assertTrue(fs.list(StoreFixture.DIRECTORY).size() < 22 * lanes + 4);
    try (Store store = open(fs, lanes)) {
      assertEquals(60, store.keyspace("k").count());
    }
  }
}
