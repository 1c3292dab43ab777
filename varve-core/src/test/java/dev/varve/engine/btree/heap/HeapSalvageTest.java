package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.btree.heap.HeapSalvage.Found;
import dev.varve.engine.btree.heap.HeapSalvage.Source;
import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection;
import dev.varve.store.FileInspector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is found of a heap when something of it is damaged, and what people are shown of its files.
final class HeapSalvageTest {
  private static final Path HEAP = HeapRun.DIRECTORY.resolve("ks-3-1.heap");

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final Source source = new Source(fs, HeapRun.DIRECTORY, HeapRun.STORE, HeapRun.KEYSPACE);
  private final List<Found> found = new ArrayList<>();
  private final List<String> losses = new ArrayList<>();
  private Map<Integer, byte[]> live = Map.of();
  private List<Map<Integer, byte[]>> history = List.of();
  private byte[] state = new byte[0];
  private StoredObject one = object();
  private String map = "";

  private static StoredObject object() {
    return new StoredObject(
        ObjectKind.LEAF, new byte[0], 0, 1, new int[] {64, 0}, StoredObject.State.LIVE);
  }

  @BeforeEach
  void makeHeap() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      for (int name = 0; name < 40; name++) {
        run.put(name, name % 9 == 4 ? 9000 : 250);
      }
      run.commit(true);
      for (int name = 0; name < 40; name++) {
        if (name % 3 == 1) {
          run.delete(name);
        } else if (name % 3 == 2) {
          run.put(name, name % 9 == 2 ? 6000 : 200);
        }
      }
      run.commit(true);
      run.put(2, 300);
      run.commit(true);
      live = run.history.getLast();
      history = List.copyOf(run.history);
      one = run.state().get(9).object;
      state = run.heap.state();
      map = StoreFileName.heapMap(3, HeapMap.highest(run.environment, 1));
    }
  }

  private static int nameOf(Found object) {
    for (int name = 0; name < HeapStep.NAMES; name++) {
      if (HeapRun.kind(name) == object.kind() && Arrays.equals(HeapRun.name(name), object.name())) {
        return name;
      }
    }
    throw new AssertionError("a name that nobody gave");
  }

  @Test
  void with_a_map_exactly_what_is_alive_is_found() throws IOException {
    for (byte[] known : new byte[][] {state, null}) {
      found.clear();
      HeapSalvage.MapContent content = HeapSalvage.live(source, known, found::add, losses::add);
      assertEquals(3, content.cut());
      assertArrayEquals(HeapRun.note(3), content.note());
      assertEquals(List.of(), losses);
      assertEquals(live.size(), found.size());
      for (Found object : found) {
        assertArrayEquals(live.get(nameOf(object)), object.payload());
      }
    }
  }

  @Test
  void an_object_that_is_damaged_is_told_and_the_others_are_found() throws IOException {
    byte[] bytes = fs.bytes(HEAP);
    bytes[(int) one.offset(0) + 50] ^= 1;
    // Its envelope too, and the last pages are missing.
    bytes[20] ^= 1;
    fs.replaceBytes(HEAP, bytes);
    var _ = HeapSalvage.live(source, state, found::add, losses::add);
    assertEquals(live.size() - 1, found.size());
    assertEquals(1, losses.size());
    assertTrue(losses.getFirst().contains("damaged at byte " + one.offset(0)));
    found.clear();
    losses.clear();
    fs.replaceBytes(HEAP, Arrays.copyOf(bytes, (int) (bytes.length * 2L / 3)));
    var _ = HeapSalvage.live(source, state, found::add, losses::add);
    assertEquals(live.size(), found.size() + losses.size());
    assertTrue(found.size() > 5 && losses.size() > 2, losses.size() + " lost");
  }

  @Test
  void without_a_map_every_version_that_slots_still_hold_is_found() throws IOException {
    byte[] damaged = fs.bytes(HeapRun.DIRECTORY.resolve(map));
    damaged[100] ^= 1;
    fs.replaceBytes(HeapRun.DIRECTORY.resolve(map), damaged);
    assertThrows(
        CorruptionException.class, () -> HeapSalvage.live(source, state, found::add, losses::add));
    byte[] heap = fs.bytes(HEAP);
    Arrays.fill(heap, 0, SlabTable.HEAD_BYTES, (byte) 0x55);
    fs.replaceBytes(HEAP, heap);
    HeapSalvage.scan(source, found::add, losses::add);
    int newest = 0;
    int older = 0;
    for (Found object : found) {
      int name = nameOf(object);
      byte[] then = history.get((int) object.generation()).get(name);
      assertNotNull(then, "name " + name + " of batch " + object.generation());
      assertArrayEquals(then, object.payload());
      if (Arrays.equals(live.get(name), object.payload())) {
        newest++;
      } else {
        older++;
      }
    }
    assertEquals(live.size(), newest, "each once");
    assertTrue(older > 5, older + " older versions");
  }

  @Test
  void a_scan_finds_what_is_behind_damage() throws IOException {
    byte[] heap = fs.bytes(HEAP);
    for (int at = SlabTable.HEAD_BYTES; at < heap.length; at += 1000) {
      heap[at] ^= 1;
    }
    fs.replaceBytes(HEAP, heap);
    HeapSalvage.scan(source, found::add, losses::add);
    assertTrue(found.size() > 10, found.size() + " found");
    for (Found object : found) {
      assertArrayEquals(
          history.get((int) object.generation()).get(nameOf(object)), object.payload());
    }
    assertEquals(1, losses.size());
    assertTrue(losses.getFirst().contains("some of the pieces"), losses.getFirst());
  }

  @Test
  void people_are_shown_what_is_in_a_heap_file_and_no_name() {
    FileInspection inspection = FileInspector.inspect(fs, HEAP, 1000);
    assertEquals("heap", inspection.kind());
    assertEquals(List.of(), inspection.problems());
    assertEquals("4096", inspection.properties().get("bytes of a slab"));
    assertEquals("3", inspection.properties().get("keyspace"));
    assertTrue(inspection.items().stream().anyMatch(item -> item.detail().contains("piece 1 of")));
    assertTrue(inspection.items().size() > live.size());
    assertTrue(!inspection.toString().contains("leaf 1"), "no name");
    assertEquals(2, FileInspector.inspect(fs, HEAP, 2).items().size());
  }

  @Test
  void people_are_shown_what_is_wrong_with_a_heap_file() throws IOException {
    byte[] heap = fs.bytes(HEAP);
    heap[70] ^= 1;
    Path elsewhere = HeapRun.DIRECTORY.resolve("ks-3-2.heap");
    fs.replaceBytes(elsewhere, heap);
    List<String> problems = FileInspector.inspect(fs, elsewhere, 10).problems();
    assertEquals(2, problems.size(), "" + problems);
    assertEquals("the file's name is not ks-3-1.heap", problems.getFirst());
    assertTrue(problems.get(1).contains("damaged at byte 72"), problems.get(1));
  }

  @Test
  void people_are_shown_the_edits_and_objects_of_a_map_and_no_name() {
    Path path = HeapRun.DIRECTORY.resolve(map);
    FileInspection inspection = FileInspector.inspect(fs, path, 1000);
    assertEquals("map of a heap", inspection.kind());
    assertEquals(List.of(), inspection.problems());
    assertEquals("3", inspection.properties().get("holds every commit up to"));
    assertEquals("3", inspection.properties().get("last batch"));
    List<FileInspection.Item> slots =
        inspection.items().stream()
            .filter(item -> item.what().equals(HeapMapInspection.SLOT))
            .toList();
    assertEquals(
        live.size(),
        slots.stream().filter(item -> !item.detail().matches(".*piece [1-9].*")).count());
    assertTrue(slots.size() > live.size(), "some objects have several");
    assertEquals(
        "" + slots.stream().mapToLong(FileInspection.Item::length).sum(),
        inspection.properties().get("bytes of slots in the heap file"));
    assertTrue(inspection.items().getFirst().detail().contains("objects come"));
    assertTrue(!inspection.toString().contains("leaf 1"), "no name");
  }

  @Test
  void people_are_shown_where_a_map_is_damaged() throws IOException {
    Path path = HeapRun.DIRECTORY.resolve(map);
    byte[] sound = fs.bytes(path);
    for (int at = 64; at < sound.length; at += 11) {
      byte[] damaged = sound.clone();
      damaged[at] ^= 1;
      fs.replaceBytes(path, damaged);
      FileInspection inspection = FileInspector.inspect(fs, path, 1000);
      boolean torn = !"0".equals(inspection.properties().get("bytes of a torn edit"));
      assertTrue(torn || !inspection.problems().isEmpty(), "byte " + at);
    }
  }
}
