package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InvariantError;
import dev.varve.cache.MemoryBudget;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What users of a heap may rely on, call by call.
final class HeapTest {
  private static final byte[] NONE = new byte[0];

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static StoredObject store(HeapBatch batch, String name, int bytes) throws IOException {
    byte[] payload = new byte[bytes];
    Arrays.fill(payload, (byte) bytes);
    return batch.store(ObjectKind.LEAF, ascii(name), payload, 0, bytes);
  }

  @Test
  void nothing_is_on_the_device_before_the_first_batch() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      assertEquals(0, run.heap.cut());
      assertArrayEquals(NONE, run.heap.note());
      assertArrayEquals(NONE, run.heap.state());
      assertEquals(Set.of(), run.heap.files(NONE));
      assertEquals(List.of(), run.heap.objects(ObjectKind.LEAF));
      assertEquals(0, run.heap.verify(_ -> {}));
      try (HeapBatch batch = run.heap.begin()) {
        var _ = store(batch, "a", 10);
      }
      assertEquals(List.of(), fs.list(HeapRun.DIRECTORY));
      assertEquals(List.of(), run.heap.validate());
    }
  }

  @Test
  void a_batch_without_objects_keeps_cut_and_note() throws IOException {
    byte[] state;
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      run.commit(true);
      state = run.heap.state();
      assertEquals(Set.of("ks-3-1.heap", "ks-3-1.map"), run.heap.files(state));
      run.commit(true);
    }
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY, state)) {
      assertEquals(2, run.heap.cut());
      assertArrayEquals(HeapRun.note(2), run.heap.note());
      assertEquals(List.of(), run.heap.objects(ObjectKind.LEAF));
    }
  }

  @Test
  void opening_and_reading_write_nothing() throws IOException {
    byte[] state;
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      run.put(1, 100);
      run.commit(true);
      state = run.heap.state();
    }
    List<FileOperation> changes = new ArrayList<>();
    FaultFileSystem watched =
        new FaultFileSystem(
            fs,
            operation -> {
              if (operation.kind().changes()) {
                changes.add(operation);
              }
            });
    try (HeapRun run = new HeapRun(watched, HeapRun.TINY, state)) {
      StoredObject object = run.heap.objects(ObjectKind.LEAF).getFirst();
      assertEquals(100, run.heap.read(object).length);
      run.requireSound();
    }
    assertEquals(List.of(), changes);
  }

  @Test
  void a_name_has_one_object_of_a_kind() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      StoredObject first;
      try (HeapBatch batch = run.heap.begin()) {
        first = store(batch, "name1234", 10);
        var _ = batch.store(ObjectKind.VALUE, ascii("name1234"), NONE, 0, 0);
        batch.commit(1, NONE);
      }
      try (HeapBatch batch = run.heap.begin()) {
        var _ = store(batch, "name1234", 20);
        assertThrows(InvariantError.class, () -> batch.commit(2, NONE));
      }
      try (HeapBatch batch = run.heap.begin()) {
        var _ = store(batch, "other", 20);
        var _ = store(batch, "other", 21);
        assertThrows(InvariantError.class, () -> batch.commit(2, NONE));
      }
      assertEquals(List.of(first), run.heap.objects(ObjectKind.LEAF));
      assertEquals(List.of(), run.heap.validate());
      // The old one may be freed before or behind the storing of the new one.
      StoredObject second;
      try (HeapBatch batch = run.heap.begin()) {
        second = store(batch, "name1234", 30);
        batch.free(first);
        batch.commit(2, NONE);
      }
      try (HeapBatch batch = run.heap.begin()) {
        batch.free(second);
        var _ = store(batch, "name1234", 40);
        batch.commit(3, NONE);
      }
      assertEquals(40, run.heap.objects(ObjectKind.LEAF).getFirst().payloadBytes());
    }
  }

  @Test
  void only_a_live_object_is_freed_and_only_once() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      StoredObject object;
      try (HeapBatch batch = run.heap.begin()) {
        object = store(batch, "a", 10);
        assertThrows(InvariantError.class, () -> batch.free(object));
        assertThrows(InvariantError.class, () -> batch.commit(1, NONE), "it is void");
      }
      StoredObject live;
      try (HeapBatch batch = run.heap.begin()) {
        live = store(batch, "a", 10);
        batch.commit(1, NONE);
      }
      try (HeapBatch batch = run.heap.begin()) {
        batch.free(live);
        assertThrows(InvariantError.class, () -> batch.free(live));
      }
      try (HeapBatch batch = run.heap.begin()) {
        batch.free(live);
        batch.commit(2, NONE);
      }
      try (HeapBatch batch = run.heap.begin()) {
        assertThrows(InvariantError.class, () -> batch.free(live));
      }
      assertEquals(List.of(), run.heap.validate());
    }
  }

  @Test
  void one_batch_at_a_time_and_each_call_in_its_turn() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      try (HeapBatch batch = run.heap.begin()) {
        assertThrows(InvariantError.class, run.heap::begin);
        batch.defragment();
        assertThrows(InvariantError.class, () -> store(batch, "a", 10));
        batch.commit(5, NONE);
        assertThrows(InvariantError.class, () -> batch.commit(6, NONE));
      }
      try (HeapBatch batch = run.heap.begin()) {
        assertThrows(InvariantError.class, () -> batch.commit(4, NONE), "the cut fell");
      }
      assertEquals(5, run.heap.cut());
    }
  }

  @Test
  void a_read_asks_the_device_once_for_each_small_piece_and_for_no_more_than_it_needs()
      throws IOException {
    List<FileOperation> reads = new ArrayList<>();
    FaultFileSystem watched =
        new FaultFileSystem(
            fs,
            operation -> {
              if (operation.kind() == FileOperation.Kind.READ) {
                reads.add(operation);
              }
            });
    try (HeapRun run = new HeapRun(watched, HeapRun.TINY.withSlabBytes(1 << 20))) {
      StoredObject small;
      StoredObject large;
      try (HeapBatch batch = run.heap.begin()) {
        small = store(batch, "abc", 1000);
        large = store(batch, "large", 3 << 20);
        batch.commit(1, NONE);
      }
      reads.clear();
      assertEquals(1000, run.heap.read(small).length);
      assertEquals(1, reads.size());
      assertEquals(SlotHeader.BYTES + 3 + 1000, reads.getFirst().length());
      reads.clear();
      assertEquals(3 << 20, run.heap.read(large).length);
      assertTrue(large.pieces() >= 4 && reads.size() <= 2 * large.pieces(), "" + reads);
    }
  }

  @Test
  void what_is_adjacent_is_written_together_and_the_file_rises() throws IOException {
    List<FileOperation> writes = new ArrayList<>();
    FaultFileSystem watched =
        new FaultFileSystem(
            fs,
            operation -> {
              if (operation.kind() == FileOperation.Kind.WRITE
                  && operation.path().toString().endsWith(".heap")) {
                writes.add(operation);
              }
            });
    try (HeapRun run = new HeapRun(watched, HeapOptions.DEFAULTS)) {
      try (HeapBatch batch = run.heap.begin()) {
        for (int i = 0; i < 400; i++) {
          var _ = store(batch, "leaf " + i, 3000);
        }
        batch.commit(1, NONE);
      }
      assertTrue(writes.size() < 12, writes.size() + " writes for 400 objects");
      long end = 0;
      for (FileOperation write : writes) {
        assertTrue(write.position() >= end && write.length() <= 256 << 10, "" + write);
        end = write.position() + write.length();
      }
    }
  }

  /** The most memory that a batch of 300 objects takes, the objects aside. */
  private long mostMemory(long budgetBytes) throws IOException {
    MemoryBudget budget = new MemoryBudget(budgetBytes);
    MemoryFileSystem own = MemoryFileSystem.withoutCrashes();
    own.createDirectories(HeapRun.DIRECTORY);
    try (Heap heap =
        Heap.create(HeapRun.environment(own, budget), HeapOptions.DEFAULTS.withMapBytesMin(0))) {
      long before = budget.used();
      long most = 0;
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < 300; i++) {
          var _ = store(batch, "leaf " + i, 5000);
          most = Math.max(most, budget.used() - before);
        }
        batch.commit(1, NONE);
      }
      return most;
    }
  }

  @Test
  void a_batch_takes_less_memory_where_there_is_little() throws IOException {
    long little = mostMemory(2 << 20);
    assertTrue(little < 64 << 10, little + " bytes");
    long much = mostMemory(1 << 30);
    assertTrue(much > 1 << 20 && much < 3 << 19, much + " bytes");
  }

  @Test
  void a_full_disk_refuses_batches_until_there_is_space_and_loses_nothing() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      for (int name = 0; name < 20; name++) {
        run.put(name, 300);
      }
      run.commit(true);
      fs.limit(fs.bytes(HeapRun.DIRECTORY.resolve("ks-3-1.heap")).length + 2500L);
      int refused = 0;
      for (int name = 20; name < 60; name++) {
        try {
          run.put(name, 900);
          run.commit(true);
        } catch (NoSpaceException e) {
          refused++;
          run.giveUp();
        }
        run.requireAll();
      }
      assertTrue(refused > 30, refused + " refused");
      fs.limit(Long.MAX_VALUE);
      run.put(21, 900);
      run.commit(true);
      run.requireAll();
      run.requireSound();
    }
  }

  @Test
  void a_pin_keeps_what_was_there_and_a_copy_of_its_files_opens() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY.withMapBytesMin(0))) {
      for (int name = 0; name < 30; name++) {
        run.put(name, 300 + name);
      }
      run.commit(true);
      List<StoredObject> objects = run.heap.objects(ObjectKind.LEAF);
      List<byte[]> payloads = new ArrayList<>();
      for (StoredObject object : objects) {
        payloads.add(run.heap.read(object));
      }
      HeapPin pin = run.heap.pin();
      byte[] state = pin.state();
      for (int round = 0; round < 8; round++) {
        for (int name = 0; name < 30; name++) {
          if (round % 2 == 0) {
            run.put(name, 350 + round);
          } else {
            run.delete(name);
          }
        }
        run.commit(true);
      }
      assertTrue(run.heap.stats().mapsReplaced() > 2);
      assertEquals(3, run.heap.files(state).size(), "the map that is pinned is there");
      for (int i = 0; i < objects.size(); i++) {
        assertArrayEquals(payloads.get(i), run.heap.read(objects.get(i)));
      }
      MemoryFileSystem copy = new MemoryFileSystem();
      copy.createDirectories(HeapRun.DIRECTORY);
      copy("ks-3-1.heap", pin.heapBytes(), copy);
      copy("ks-3-1.map", pin.mapBytes(), copy);
      try (HeapRun opened = new HeapRun(copy, HeapRun.TINY, state)) {
        assertEquals(1, opened.adopt(run.history));
        assertEquals(pin.cut(), opened.heap.cut());
        assertArrayEquals(pin.note(), opened.heap.note());
        opened.requireSound();
      }
      long waiting = run.heap.stats().waitingBytes();
      pin.close();
      pin.close();
      assertEquals(2, run.heap.files(state).size());
      assertFalse(fs.exists(HeapRun.DIRECTORY.resolve("ks-3-1.map")));
      run.commit(true);
      assertTrue(run.heap.stats().waitingBytes() < waiting / 2);
    }
  }

  private void copy(String name, long bytes, MemoryFileSystem to) throws IOException {
    Path path = HeapRun.DIRECTORY.resolve(name);
    to.replaceBytes(path, Arrays.copyOf(fs.bytes(path), (int) bytes));
  }

  @Test
  void a_slab_size_is_that_of_the_file_and_other_options_are_those_of_now() throws IOException {
    byte[] state;
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      run.put(1, 100);
      run.commit(true);
      state = run.heap.state();
    }
    try (HeapRun run = new HeapRun(fs, HeapOptions.DEFAULTS, state)) {
      assertEquals(4096, run.heap.stats().slabBytes());
      run.put(2, 50_000);
      run.commit(true);
      run.requireSound();
    }
  }

  @Test
  void options_are_checked() {
    HeapOptions options = HeapOptions.DEFAULTS;
    assertThrows(IllegalArgumentException.class, () -> options.withSlabBytes(5000));
    assertThrows(IllegalArgumentException.class, () -> options.withSlabBytes(2048));
    assertThrows(IllegalArgumentException.class, () -> options.withTargetFill(0));
    assertThrows(IllegalArgumentException.class, () -> options.withTargetFill(1.1));
    assertThrows(IllegalArgumentException.class, () -> options.withMapBytesMin(-1));
    assertThrows(IllegalArgumentException.class, () -> options.withMoveBytesMin(-1));
    assertThrows(IllegalArgumentException.class, () -> options.withBufferBytesMax(100));
    assertEquals(0.5, options.withTargetFill(0.5).targetFill());
  }

  @Test
  void a_state_that_is_none_is_damage_of_the_catalog() throws IOException {
    fs.createDirectories(HeapRun.DIRECTORY);
    CorruptionException refused =
        assertThrows(
            CorruptionException.class, () -> new HeapRun(fs, HeapRun.TINY, new byte[] {1, 2}));
    assertEquals("CATALOG", refused.file().getFileName().toString());
  }

  @Test
  void an_object_knows_its_batch_whatever_is_moved() throws IOException {
    try (HeapRun run = new HeapRun(fs, HeapRun.TINY)) {
      for (int name = 0; name < 60; name++) {
        run.put(name, 290);
      }
      run.commit(true);
      for (int name = 0; name < 60; name++) {
        if (name % 4 > 0) {
          run.delete(name);
        }
      }
      for (int i = 0; i < 6; i++) {
        run.commit(true);
      }
      assertTrue(run.heap.stats().objectsMoved() > 0);
      List<StoredObject> objects = run.heap.objects(ObjectKind.LEAF);
      objects.forEach(object -> assertEquals(1, object.generation()));
      run.noted = run.heap.state();
      run.reopen();
      run.heap.objects(ObjectKind.LEAF).forEach(object -> assertEquals(1, object.generation()));
      assertSame(ObjectKind.LEAF, objects.getFirst().kind());
    }
  }
}
