package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Whatever becomes of their bytes, a heap's files give the right answers or an error that names
/// file and offset; and verification tells of whatever a read would.
final class HeapDamageTest {
  private static final Path HEAP =
      HeapRun.DIRECTORY.resolve(StoreFileName.heap(HeapRun.KEYSPACE, 1));
  private static final HeapOptions OPTIONS = HeapRun.TINY.withMapBytesMin(1 << 20);

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private byte[] heapBytes = new byte[0];
  private byte[] mapBytes = new byte[0];
  private byte[] earlierHeap = new byte[0];
  private byte[] earlierMap = new byte[0];
  private byte[] state = new byte[0];
  private byte[] earlierState = new byte[0];
  private Path map = HEAP;
  private final Map<Integer, byte[]> expected = new TreeMap<>();

  /** Bytes of the heap file that mean something. */
  private final BitSet meant = new BitSet();

  @BeforeEach
  void makeHeap() throws IOException {
    try (HeapRun run = new HeapRun(fs, OPTIONS)) {
      for (int name = 0; name < 40; name++) {
        run.put(name, name == 4 ? 4500 : 150 + name);
      }
      run.commit(true);
      for (int name = 0; name < 40; name++) {
        if (name % 3 > 0 && name != 4) {
          run.delete(name);
        }
      }
      run.commit(true);
      earlierState = run.heap.state();
      map = HeapMap.path(run.environment, HeapMap.highest(run.environment, 1));
      earlierHeap = fs.bytes(HEAP);
      earlierMap = fs.bytes(map);
      for (int i = 0; i < 3; i++) {
        run.put(2, 300 + i);
        run.put(41, 4500 + i);
        run.commit(true);
      }
      run.requireSound();
      state = run.heap.state();
      assertTrue(run.heap.stats().objectsMoved() > 0, "there are moves in the map");
      run.state().forEach((name, entry) -> expected.put(name, entry.payload));
      meant.set(0, SlabTable.HEAD_BYTES);
      SizeClasses classes = new SizeClasses(OPTIONS.slabBytes());
      run.state().values().forEach(entry -> means(classes, entry.object));
    }
    heapBytes = fs.bytes(HEAP);
    mapBytes = fs.bytes(map);
  }

  private void means(SizeClasses classes, StoredObject object) {
    long rest = object.objectBytes();
    for (int piece = 0; piece < object.pieces(); piece++) {
      int length = classes.first(rest);
      rest -= length;
      int begin = (int) object.offset(piece);
      meant.set(begin, begin + classes.bytes(classes.ofPiece(length)));
    }
  }

  /** Whether bytes are changed that mean something. */
  private boolean means(byte[] damaged) {
    for (int at = meant.nextSetBit(0); at >= 0; at = meant.nextSetBit(at + 1)) {
      if (damaged[at] != heapBytes[at]) {
        return true;
      }
    }
    return false;
  }

  /** What came of looking at a damaged heap. */
  private enum Outcome {
    SOUND,
    REFUSED,
    READS_REFUSED,
    VERIFICATION_TELLS
  }

  private Outcome look(String what) throws IOException {
    byte[] heapBefore = fs.exists(HEAP) ? fs.bytes(HEAP) : new byte[0];
    byte[] mapBefore = fs.exists(map) ? fs.bytes(map) : new byte[0];
    MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);
    Outcome outcome = Outcome.SOUND;
    try (Heap heap = Heap.open(HeapRun.environment(fs, budget), OPTIONS, state)) {
      outcome = read(heap, what);
      List<String> problems = new ArrayList<>();
      assertTrue(heap.verify(problems::add) > 0);
      assertTrue(outcome == Outcome.SOUND || !problems.isEmpty(), what + ": verification is blind");
      for (String problem : problems) {
        assertTrue(
            problem.contains("ks-3-1.heap") || problem.contains(".map"), what + ": " + problem);
      }
      if (outcome == Outcome.SOUND && !problems.isEmpty()) {
        outcome = Outcome.VERIFICATION_TELLS;
      }
    } catch (CorruptionException e) {
      assertTrue(e.file().equals(HEAP) || e.file().equals(map), () -> what + ": " + e);
      assertTrue(e.offset() >= 0 && e.offset() <= heapBytes.length + 100, () -> what + ": " + e);
      outcome = Outcome.REFUSED;
    } catch (FormatException e) {
      assertTrue(e.file().equals(HEAP) || e.file().equals(map), () -> what + ": " + e);
      outcome = Outcome.REFUSED;
    }
    assertEquals(List.of(), fs.openFiles(), what);
    assertEquals(0, budget.used(), what);
    if (fs.exists(HEAP) && fs.exists(map)) {
      assertArrayEquals(heapBefore, fs.bytes(HEAP), what);
      assertArrayEquals(mapBefore, fs.bytes(map), what);
    }
    return outcome;
  }

  private Outcome read(Heap heap, String what) throws IOException {
    Outcome outcome = Outcome.SOUND;
    for (ObjectKind kind : ObjectKind.values()) {
      for (StoredObject object : heap.objects(kind)) {
        try {
          byte[] found = heap.read(object);
          assertTrue(
              expected.entrySet().stream()
                  .anyMatch(
                      entry ->
                          Arrays.equals(HeapRun.name(entry.getKey()), object.name())
                              && Arrays.equals(entry.getValue(), found)),
              () -> what + ": a wrong answer");
        } catch (CorruptionException e) {
          assertEquals(HEAP, e.file(), what);
          boolean within = false;
          for (int piece = 0; piece < object.pieces(); piece++) {
            within |= object.offset(piece) == e.offset();
          }
          assertTrue(within, () -> what + ": " + e);
          outcome = Outcome.READS_REFUSED;
        }
      }
    }
    return outcome;
  }

  private Outcome lookWith(Path file, byte[] bytes, String what) throws IOException {
    byte[] before = fs.exists(file) ? fs.bytes(file) : new byte[0];
    fs.replaceBytes(file, bytes);
    try {
      return look(what);
    } finally {
      fs.replaceBytes(file, before);
    }
  }

  @Test
  void every_flipped_bit_that_means_something_is_noticed() throws IOException {
    assertEquals(Outcome.SOUND, look("nothing"));
    for (int at = 0; at < mapBytes.length; at++) {
      byte[] damaged = mapBytes.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      assertEquals(Outcome.REFUSED, lookWith(map, damaged, "map, byte " + at));
    }
    for (int at = 0; at < heapBytes.length; at += meant.get(at) ? 1 : 7) {
      byte[] damaged = heapBytes.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      Outcome outcome = lookWith(HEAP, damaged, "heap, byte " + at);
      assertEquals(meant.get(at), outcome != Outcome.SOUND, "heap, byte " + at + ": " + outcome);
    }
  }

  @Test
  void zeroed_filled_and_exchanged_blocks_are_noticed() throws IOException {
    for (int at = 0; at < heapBytes.length; at += 64) {
      int end = Math.min(at + 512, heapBytes.length);
      for (int fill : new int[] {0, 0xFF}) {
        byte[] damaged = heapBytes.clone();
        Arrays.fill(damaged, at, end, (byte) fill);
        Outcome outcome = lookWith(HEAP, damaged, "fill " + fill + " at " + at);
        assertEquals(means(damaged), outcome != Outcome.SOUND, "fill " + fill + " at " + at);
      }
      for (int from : new int[] {SlabTable.HEAD_BYTES, at + 4096, at + 64, heapBytes.length / 2}) {
        byte[] damaged = heapBytes.clone();
        int count = Math.min(end - at, Math.max(0, heapBytes.length - from));
        System.arraycopy(heapBytes, Math.min(from, heapBytes.length), damaged, at, count);
        Outcome outcome = lookWith(HEAP, damaged, "from " + from + " to " + at);
        assertEquals(means(damaged), outcome != Outcome.SOUND, "from " + from + " to " + at);
      }
      byte[] stale = heapBytes.clone();
      System.arraycopy(
          earlierHeap,
          Math.min(at, earlierHeap.length),
          stale,
          at,
          Math.clamp(earlierHeap.length - (long) at, 0, end - at));
      Outcome outcome = lookWith(HEAP, stale, "older at " + at);
      assertEquals(means(stale), outcome != Outcome.SOUND, "older at " + at);
    }
    for (int at = 0; at < mapBytes.length; at += 64) {
      byte[] damaged = mapBytes.clone();
      Arrays.fill(damaged, at, Math.min(at + 512, damaged.length), (byte) 0);
      assertEquals(Outcome.REFUSED, lookWith(map, damaged, "zeros in the map at " + at));
    }
  }

  @Test
  void files_of_another_length_are_noticed_where_something_is_missing() throws IOException {
    int needed = meant.length();
    for (int length = 0; length < heapBytes.length; length += 61) {
      Outcome outcome = lookWith(HEAP, Arrays.copyOf(heapBytes, length), "heap of " + length);
      assertEquals(length < needed, outcome == Outcome.REFUSED, "heap of " + length);
    }
    assertEquals(
        Outcome.SOUND,
        lookWith(HEAP, Arrays.copyOf(heapBytes, heapBytes.length + 5000), "a longer heap"));
    for (int length = 0; length < mapBytes.length; length++) {
      assertEquals(
          Outcome.REFUSED, lookWith(map, Arrays.copyOf(mapBytes, length), "map of " + length));
    }
    assertEquals(
        Outcome.SOUND,
        lookWith(map, Arrays.copyOf(mapBytes, mapBytes.length + 64), "zeros behind the map"));
  }

  @Test
  void missing_older_and_foreign_files_are_refused() throws IOException {
    assertEquals(Outcome.REFUSED, lookWith(map, earlierMap, "an older map"));
    assertEquals(
        Outcome.READS_REFUSED,
        lookWith(HEAP, Arrays.copyOf(earlierHeap, heapBytes.length), "an older heap"));
    fs.delete(HEAP);
    assertEquals(Outcome.REFUSED, look("no heap"));
    fs.replaceBytes(HEAP, heapBytes);
    fs.delete(map);
    assertEquals(Outcome.REFUSED, look("no map"));
    fs.replaceBytes(map, heapBytes);
    assertEquals(Outcome.REFUSED, look("a heap for a map"));
    fs.replaceBytes(map, mapBytes);
    fs.replaceBytes(HEAP, mapBytes);
    assertEquals(Outcome.REFUSED, look("a map for a heap"));
    fs.replaceBytes(HEAP, heapBytes);
    assertEquals(Outcome.SOUND, look("all back"));
  }

  @Test
  void files_of_another_keyspace_store_or_number_are_refused() throws IOException {
    HeapEnvironment own = HeapRun.environment(fs, new MemoryBudget(Long.MAX_VALUE));
    HeapEnvironment keyspace =
        new HeapEnvironment(
            fs, own.directory(), own.store(), 4, own.clock(), own.epochs(), own.budget());
    HeapEnvironment store =
        new HeapEnvironment(
            fs,
            own.directory(),
            new StoreId(7, 8),
            HeapRun.KEYSPACE,
            own.clock(),
            own.epochs(),
            own.budget());
    for (HeapEnvironment other : List.of(keyspace, store)) {
      fs.replaceBytes(HeapFile.path(other, 1), heapBytes);
      fs.replaceBytes(HeapMap.path(other, 1), mapBytes);
      CorruptionException refused =
          assertThrows(CorruptionException.class, () -> Heap.open(other, OPTIONS, state));
      assertEquals(HeapMap.path(other, 1), refused.file());
    }
    // A map under a number that it does not have counts, as the highest, and is seen.
    fs.replaceBytes(HeapMap.path(own, 9), mapBytes);
    CorruptionException refused =
        assertThrows(CorruptionException.class, () -> Heap.open(own, OPTIONS, state));
    assertEquals(HeapMap.path(own, 9), refused.file());
  }

  @Test
  void a_slot_of_an_older_heap_is_no_answer_however_sound_it_is() throws IOException {
    // The older version of what was stored last stood in another slot: put it where the new one is.
    HeapEnvironment environment = HeapRun.environment(fs, new MemoryBudget(Long.MAX_VALUE));
    try (Heap heap = Heap.open(environment, OPTIONS, state)) {
      for (StoredObject object : heap.objects(ObjectKind.LEAF)) {
        byte[] whole = heapBytes.clone();
        int at = (int) object.offset(0);
        SlotHeader older =
            new SlotHeader(
                object.payloadBytes() + object.name().length,
                object.generation() - 1,
                0,
                0,
                1,
                object.kind().code(),
                object.name().length);
        if (object.pieces() > 1 || object.generation() < 2) {
          continue;
        }
        older.write(whole, at);
        SlotHeader.putChecksum(
            whole,
            at,
            SlotHeader.plainChecksum(whole, at, older.length())
                ^ SlotHeader.Place.of(HeapRun.STORE, HeapRun.KEYSPACE, 1).mask(at));
        fs.replaceBytes(HEAP, whole);
        CorruptionException refused =
            assertThrows(CorruptionException.class, () -> heap.read(object));
        assertTrue(refused.found().contains("a slot of generation"), refused.found());
        assertTrue(!refused.getMessage().contains("leaf 2"), "no name in a message");
      }
    }
    fs.replaceBytes(HEAP, heapBytes);
    assertEquals(Outcome.SOUND, look("all back"));
    assertTrue(earlierState.length > 0);
  }
}
