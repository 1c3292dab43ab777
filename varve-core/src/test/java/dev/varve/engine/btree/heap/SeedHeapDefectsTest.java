package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.cache.MemoryBudget;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// The defects of the tree that this one learnt from, as far as they were in its heap and its map
/// of objects: each named as it was found there.
final class SeedHeapDefectsTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static Path map(HeapRun run) throws IOException {
    return HeapMap.path(run.environment, HeapMap.highest(run.environment, 1));
  }

  /// A11: what was taken for the directory's handle was a file beside the log, so that the
  /// directory was never synced.
  @Test
  void a11_the_directory_itself_is_synced_before_an_older_map_goes_or_a_batch_counts()
      throws IOException {
    List<FileOperation> operations = new ArrayList<>();
    FaultFileSystem watched = new FaultFileSystem(fs, operations::add);
    try (HeapRun run = new HeapRun(watched, HeapRun.TINY.withMapBytesMin(0))) {
      int renames = 0;
      for (int i = 0; i < 6; i++) {
        operations.clear();
        run.put(i % 3, 300 + i);
        run.commit(true);
        for (CrashImage.Mode mode : CrashImage.Mode.values()) {
          MemoryFileSystem after = fs.crash(new CrashImage(i, mode));
          byte[] noted = run.heap.state();
          try (HeapRun recovered = new HeapRun(after, HeapRun.TINY, noted)) {
            assertEquals(i + 1, recovered.adopt(run.history), "" + mode);
          }
        }
        renames += requireSyncedBehindRenames(operations);
      }
      assertTrue(renames > 1, renames + " renames");
    }
  }

  /** Behind each rename the directory is synced before anything else is changed. */
  private static int requireSyncedBehindRenames(List<FileOperation> operations) {
    int renames = 0;
    List<FileOperation> changes = operations.stream().filter(o -> o.kind().changes()).toList();
    for (int i = 0; i < changes.size(); i++) {
      if (changes.get(i).kind() == Kind.RENAME) {
        renames++;
        FileOperation next = changes.get(i + 1);
        assertEquals(Kind.SYNC_DIRECTORY, next.kind(), "" + next);
        assertEquals(HeapRun.DIRECTORY, next.path());
      }
    }
    return renames;
  }

  /// A12: reading the log stopped without a word at the first bad frame, and what was behind was
  /// compacted away and deleted.
  @Test
  void a12_a_bad_edit_before_the_last_is_damage_and_nothing_is_changed() throws IOException {
    byte[] noted;
    Path map;
    List<Long> begins = new ArrayList<>();
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY.withMapBytesMin(1 << 20))) {
      run.put(0, 10);
      run.commit(false);
      noted = run.heap.state();
      map = map(run);
      for (int i = 1; i < 6; i++) {
        begins.add((long) fs.bytes(map).length);
        run.put(i, 100);
        run.commit(false);
      }
    }
    byte[] sound = fs.bytes(map);
    for (int edit = 0; edit < begins.size() - 1; edit++) {
      byte[] damaged = sound.clone();
      damaged[(int) (begins.get(edit) + 30)] ^= 8;
      fs.replaceBytes(map, damaged);
      List<String> names = fs.list(HeapRun.DIRECTORY);
      byte[] heap = fs.bytes(HeapRun.DIRECTORY.resolve("ks-3-1.heap"));
      CorruptionException refused =
          assertThrows(
              CorruptionException.class,
              () ->
                  Heap.open(
                      HeapRun.environment(fs, new MemoryBudget(1 << 30)), HeapRun.TINY, noted));
      assertEquals(map, refused.file());
      assertEquals(begins.get(edit), refused.offset());
      assertEquals(names, fs.list(HeapRun.DIRECTORY));
      assertArrayEquals(damaged, fs.bytes(map));
      assertArrayEquals(heap, fs.bytes(HeapRun.DIRECTORY.resolve("ks-3-1.heap")));
    }
    // The last one that nobody knows of may be torn: what is before it counts, and is not touched.
    byte[] torn = sound.clone();
    torn[sound.length - 9] ^= 8;
    fs.replaceBytes(map, torn);
    try (Heap heap =
        Heap.open(HeapRun.environment(fs, new MemoryBudget(1 << 30)), HeapRun.TINY, noted)) {
      assertEquals(5, heap.cut());
    }
    assertArrayEquals(torn, fs.bytes(map));
  }

  /// A12: names that nobody expected ended the process, and wrong files were deleted.
  @Test
  void a12_strange_names_are_left_alone_and_only_what_is_of_this_heap_goes() throws IOException {
    List<String> strange =
        List.of(
            "ks-3-.map",
            "ks-3-01.map",
            "ks-3-99999999999999999999.map",
            "ks-4-1.map",
            "ks-4-1.heap",
            "ks-3-1.manifest",
            "ks-3-5.sst",
            "map",
            ".meta_lock",
            "ks-31-1.map");
    fs.createDirectories(HeapRun.DIRECTORY);
    for (String name : strange) {
      fs.replaceBytes(HeapRun.DIRECTORY.resolve(name), new byte[] {1, 2, 3});
    }
    // Left by a process whose catalog never came to know of it.
    for (String name : List.of("ks-3-7.map", "ks-3-8.map.tmp", "ks-3-1.heap")) {
      fs.replaceBytes(HeapRun.DIRECTORY.resolve(name), new byte[] {4});
    }
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      run.put(1, 100);
      run.commit(true);
      run.put(2, 100);
      run.commit(true);
      run.noted = run.heap.state();
      run.reopen();
      run.put(3, 100);
      run.commit(true);
      run.requireAll();
      List<String> expected = new ArrayList<>(strange);
      expected.addAll(run.heap.files(run.noted));
      expected.sort(null);
      assertEquals(expected, fs.list(HeapRun.DIRECTORY));
      assertEquals(2, run.heap.files(run.noted).size());
      assertTrue(run.heap.files(run.noted).contains("ks-3-8.map"), "a number of its own");
    }
  }

  /// A12: bytes of a leaf that do not check out ended the process.
  @Test
  void a12_a_damaged_object_is_a_typed_error_and_the_others_are_read() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      for (int name = 0; name < 10; name++) {
        run.put(name, 400);
      }
      run.commit(false);
      StoredObject bad = run.state().get(4).object;
      damage(bad);
      CorruptionException refused =
          assertThrows(CorruptionException.class, () -> run.heap.read(bad));
      assertEquals("ks-3-1.heap", refused.file().getFileName().toString());
      assertEquals(bad.offset(0), refused.offset());
      for (int name = 0; name < 10; name++) {
        if (name != 4) {
          HeapRun.Entry entry = run.state().get(name);
          assertArrayEquals(entry.payload, run.heap.read(entry.object));
        }
      }
      List<String> problems = new ArrayList<>();
      assertTrue(run.heap.verify(problems::add) > 0);
      assertEquals(List.of(String.valueOf(refused.getMessage())), problems);
    }
  }

  private void damage(StoredObject object) throws IOException {
    Path heap = HeapRun.DIRECTORY.resolve("ks-3-1.heap");
    byte[] bytes = fs.bytes(heap);
    bytes[(int) object.offset(0) + 60] ^= 1;
    fs.replaceBytes(heap, bytes);
  }

  /// A15: an object that could not be read when it was to be moved was written to a log and passed
  /// over.
  @Test
  void a15_an_object_that_cannot_be_moved_stays_is_counted_and_told() throws IOException {
    AtomicInteger reads = new AtomicInteger();
    FaultFileSystem watched =
        new FaultFileSystem(
            fs,
            operation -> {
              if (operation.kind() == Kind.READ) {
                var _ = reads.incrementAndGet();
              }
            });
    try (HeapRun run = new HeapRun(watched, HeapRun.TINY)) {
      // Those whose names are about equally long, so that their slots have one size.
      List<Integer> names = new ArrayList<>();
      for (int name = 1; name < HeapStep.NAMES; name++) {
        if (name % 10 != 3 && name % 10 != 5) {
          names.add(name);
          run.put(name, 380);
        }
      }
      run.commit(true);
      for (int i = 0; i < names.size(); i++) {
        if (i % 5 != 4) {
          run.delete(names.get(i));
        }
      }
      // In the last slab, which is among the sparsest and so emptied first.
      int last =
          names.stream()
              .filter(name -> names.indexOf(name) % 5 == 4)
              .max(Comparator.comparingLong(name -> run.state().get(name).object.offset(0)))
              .orElseThrow();
      StoredObject bad = run.state().get(last).object;
      damage(bad);
      assertNull(run.heap.stats().unreadableMessage());
      for (int i = 0; i < 8; i++) {
        run.commit(true);
      }
      HeapStats stats = run.heap.stats();
      assertEquals(1, stats.unreadable());
      String message = stats.unreadableMessage();
      assertNotNull(message);
      assertTrue(message.contains("ks-3-1.heap is damaged at byte " + bad.offset(0)), message);
      assertTrue(stats.objectsMoved() > 0, "the others are moved all the same");
      assertEquals(bad.offset(0), run.state().get(last).object.offset(0), "it stays");
      reads.set(0);
      run.commit(true);
      assertEquals(0, reads.get(), "its slab is left alone");
      assertThrows(CorruptionException.class, () -> run.heap.read(bad));
      assertEquals(List.of(), run.heap.validate());
      // Once it is written again there is nothing to tell, and its slab goes.
      long before = run.heap.stats().fileBytes();
      run.put(last, 380);
      run.commit(true);
      for (int i = 0; i < 6; i++) {
        run.commit(true);
      }
      assertEquals(0, run.heap.stats().unreadable());
      assertNull(run.heap.stats().unreadableMessage());
      assertTrue(run.heap.stats().fileBytes() < before);
      run.requireAll();
      run.requireSound();
    }
  }
}
