package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What went wrong in the LSM trees that Varve learnt from, and does not here. The tag is the
/// number that the defect has in the list of them; `docs/HAZARDS.md` tells what each did.
@ExtendWith(StoreGuard.class)
final class SeedLsmDefectsTest {
  private static final KeyspaceOptions LSM =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));

  private final MemoryFileSystem memory = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] key(int i) {
    return b(String.format(Locale.ROOT, "%06d", i));
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(8))
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofMebibytes(1));
  }

  private static Store open(FileSystem fs) {
    return StoreFixture.openInline(fs, options(), new InlineBackground());
  }

  private static void fill(Keyspace keyspace, int from, int to, String value) {
    for (int i = from; i < to; i++) {
      keyspace.put(key(i), b(value + i));
    }
  }

  private static Set<String> sstables(FileSystem fs) throws IOException {
    Set<String> names = new HashSet<>();
    for (String name : fs.list(DIRECTORY)) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Sstable) {
        names.add(name);
      }
    }
    return names;
  }

  private static byte[] read(FileSystem fs, String name) throws IOException {
    try (StoreFile file = fs.open(DIRECTORY.resolve(name), OpenMode.READ)) {
      byte[] bytes = new byte[Math.toIntExact(file.size())];
      file.readFully(0, MemorySegment.ofArray(bytes));
      return bytes;
    }
  }

  private static void write(FileSystem fs, String name, byte[] bytes) throws IOException {
    try (StoreFile file = fs.create(DIRECTORY.resolve(name))) {
      file.write(0, MemorySegment.ofArray(bytes));
    }
  }

  private static void damage(FileSystem fs, String name, int offset) throws IOException {
    try (StoreFile file = fs.open(DIRECTORY.resolve(name), OpenMode.READ_WRITE)) {
      byte[] one = new byte[1];
      file.readFully(offset, MemorySegment.ofArray(one));
      one[0] ^= 0x10;
      file.write(offset, MemorySegment.ofArray(one));
    }
  }

  @Test
  @Tag("C14")
  @Tag("C17")
  void the_newest_value_wins_in_memory_in_files_and_after_a_restart() {
    byte[] key = b("k");
    for (int life = 0; life < 6; life++) {
      try (Store store = open(memory)) {
        Keyspace keyspace = store.keyspace("k", LSM);
        for (int round = 0; round < 3; round++) {
          String value = life + "." + round;
          keyspace.put(key, b(value));
          assertArrayEquals(b(value), keyspace.get(key));
          fill(keyspace, 0, 300, value);
          store.flush();
          assertArrayEquals(b(value), keyspace.get(key));
          assertArrayEquals(b(value + 7), keyspace.get(key(7)));
        }
        keyspace.delete(key);
        store.flush();
        assertNull(keyspace.get(key), "life " + life);
        keyspace.put(key, b("last " + life));
      }
      try (Store store = open(memory)) {
        assertArrayEquals(b("last " + life), store.keyspace("k").get(key));
      }
    }
  }

  @Test
  @Tag("C15")
  void writers_that_are_ahead_of_a_slow_device_wait_and_are_not_refused() {
    FaultFileSystem slow =
        new FaultFileSystem(memory)
            .with(
                FaultRule.when(FaultRule.path(".*ks-.*").and(FaultRule.kind(Kind.SYNC)))
                    .then(new Fault.Slow(java.time.Duration.ofMillis(20))));
    try (Store store = StoreFixture.openThreaded(slow, options())) {
      Keyspace keyspace = store.keyspace("k", LSM);
      byte[] value = new byte[1000];
      for (int i = 0; i < 5000; i++) {
        keyspace.put(key(i), value);
      }
      assertEquals(5000, keyspace.count());
    }
  }

  @Test
  @Tag("C16")
  void what_was_flushed_leaves_memory() {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM.withMemtable(ByteSize.ofMebibytes(4)));
      long before = store.stats().memoryBytes();
      fill(keyspace, 0, 10_000, "a value of some length, so that it can be seen where it is ");
      long full = store.stats().memoryBytes();
      assertTrue(full > before + 500_000, before + " then " + full);
      store.flush();
      long after = store.stats().memoryBytes();
      assertTrue(after < before + 150_000, before + ", " + full + ", " + after);
    }
  }

  @Test
  @Tag("C18")
  @Tag("C24")
  void every_key_of_a_file_of_many_blocks_is_found_and_no_other_before_and_after_a_restart() {
    for (int life = 0; life < 2; life++) {
      try (Store store = open(memory)) {
        Keyspace keyspace = store.keyspace("k", LSM.withMemtable(ByteSize.ofMebibytes(2)));
        if (life == 0) {
          for (int i = 0; i < 8000; i += 2) {
            keyspace.put(key(i), b("value " + i));
          }
          store.flush();
        }
        for (int i = 0; i < 8001; i++) {
          if (i % 2 == 0 && i < 8000) {
            assertArrayEquals(b("value " + i), keyspace.get(key(i)), "key " + i);
          } else {
            assertNull(keyspace.get(key(i)), "key " + i);
          }
        }
        assertEquals(4000, keyspace.count());
      }
    }
  }

  @Test
  @Tag("C20")
  @Tag("D9")
  void filters_have_bits_for_each_key_that_there_is_after_a_compaction_too() {
    try (Store store = open(memory)) {
      long[] bytes = new long[2];
      for (int bits = 0; bits <= 10; bits += 10) {
        KeyspaceOptions options = LSM.withFilterBits(bits);
        Keyspace keyspace = store.keyspace("k" + bits, options);
        for (int part = 0; part < 4; part++) {
          for (int i = part; i < 40_000; i += 4) {
            keyspace.put(key(i), b("v"));
          }
        }
        store.compact(keyspace);
        assertEquals(40_000, keyspace.count());
        bytes[bits / 10] = keyspace.stats().fileBytes();
      }
      double perKey = 8.0 * (bytes[1] - bytes[0]) / 40_000;
      assertTrue(perKey > 9 && perKey < 15, perKey + " bits for each key");
    }
  }

  @Test
  @Tag("C22")
  void a_memtable_becomes_one_file_once_and_a_compaction_leaves_nothing_twice() throws IOException {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      for (int flush = 1; flush <= 3; flush++) {
        fill(keyspace, 0, 200, "value " + flush + " ");
        store.flush();
        assertEquals(flush, sstables(memory).size());
        store.flush();
        assertEquals(flush, sstables(memory).size(), "a second flush has nothing to write");
      }
      store.compact(keyspace);
      assertEquals(1, sstables(memory).size());
      assertEquals(200, keyspace.stats().revisions());
      assertEquals(200, keyspace.count());
    }
  }

  @Test
  @Tag("D11")
  void a_deleted_key_does_not_come_back_from_below_however_old_its_tombstone_is() {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      fill(keyspace, 0, 500, "deep ");
      store.compact(keyspace);
      keyspace.delete(key(77));
      keyspace.deleteRange(KeyRange.of(key(100), key(200)));
      store.flush();
      // Compactions of the rest, which meet the tombstones now and then.
      for (int round = 0; round < 6; round++) {
        fill(keyspace, 300, 400, "newer " + round);
        store.flush();
        assertNull(keyspace.get(key(77)));
        assertNull(keyspace.get(key(150)));
      }
      store.compact(keyspace, KeyRange.of(key(300), key(301)), dev.varve.kv.ProgressListener.NONE);
      assertNull(keyspace.get(key(77)));
      store.compact(keyspace);
      assertNull(keyspace.get(key(77)));
      assertEquals(399, keyspace.count());
      assertEquals(399, keyspace.stats().revisions(), "tombstones that hide nothing are gone");
    }
  }

  @Test
  @Tag("D12")
  void a_block_that_cannot_be_read_ends_no_walk_and_its_file_is_kept() throws IOException {
    try (Store store = open(memory)) {
      fill(store.keyspace("k", LSM.withMemtable(ByteSize.ofMebibytes(2))), 0, 4000, "value ");
      store.flush();
    }
    Set<String> before = sstables(memory);
    damage(memory, before.iterator().next(), 8000);
    Store store = open(memory);
    Keyspace keyspace = store.keyspace("k");
    assertThrows(
        CorruptionException.class,
        () -> {
          try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
            for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
              assertNotNull(cursor.value());
            }
          }
        });
    keyspace.put(key(0), b("newer"));
    assertThrows(VarveException.class, () -> store.compact(keyspace));
    assertTrue(sstables(memory).containsAll(before), "inputs are kept");
    assertArrayEquals(b("value 3999"), keyspace.get(key(3999)));
    int damaged = 0;
    for (int i = 0; i < 4000; i++) {
      try {
        assertNotNull(keyspace.get(key(i)), "key " + i);
      } catch (CorruptionException e) {
        damaged++;
      }
    }
    assertTrue(damaged > 0 && damaged < 1000, damaged + " keys are behind the damage");
    assertFalse(store.verify().isSound());
    store.close();
  }

  @Test
  @Tag("D14")
  void files_that_a_compaction_replaced_are_not_read_when_a_crash_brings_them_back()
      throws IOException {
    Map<String, byte[]> inputs = new HashMap<>();
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      fill(keyspace, 0, 200, "old ");
      store.flush();
      for (String name : sstables(memory)) {
        inputs.put(name, read(memory, name));
      }
      keyspace.deleteRange(KeyRange.of(key(0), key(100)));
      fill(keyspace, 100, 200, "new ");
      store.compact(keyspace);
      assertTrue(sstables(memory).stream().noneMatch(inputs::containsKey));
    }
    for (Map.Entry<String, byte[]> input : inputs.entrySet()) {
      write(memory, input.getKey(), input.getValue());
    }
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k");
      assertEquals(100, keyspace.count());
      assertNull(keyspace.get(key(5)));
      assertArrayEquals(b("new 150"), keyspace.get(key(150)));
      fill(keyspace, 0, 1, "again ");
      store.flush();
      assertTrue(sstables(memory).stream().noneMatch(inputs::containsKey), "they are removed");
    }
  }

  @Test
  @Tag("D15")
  void no_file_gets_a_number_that_another_had() throws IOException {
    Map<String, byte[]> seen = new HashMap<>();
    for (int life = 0; life < 5; life++) {
      try (Store store = open(memory)) {
        Keyspace keyspace = store.keyspace("k", LSM);
        for (int round = 0; round < 3; round++) {
          fill(keyspace, 0, 200, life + "." + round + " ");
          store.flush();
          if (round == 1) {
            store.compact(keyspace);
          }
          for (String name : sstables(memory)) {
            byte[] bytes = read(memory, name);
            byte[] earlier = seen.putIfAbsent(name, bytes);
            if (earlier != null) {
              assertArrayEquals(earlier, bytes, name + " was another file before");
            }
          }
        }
      }
    }
    assertTrue(seen.size() >= 15, seen.size() + " files");
  }

  @Test
  @Tag("D17")
  void a_walk_and_a_snapshot_outlive_the_compaction_of_their_files() throws IOException {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      fill(keyspace, 0, 300, "then ");
      store.flush();
      Set<String> before = sstables(memory);
      try (Snapshot snapshot = store.snapshot();
          Cursor cursor = keyspace.at(snapshot).cursor(KeyRange.all())) {
        assertTrue(cursor.seekToFirst());
        keyspace.deleteRange(KeyRange.all());
        store.compact(keyspace);
        assertNull(keyspace.get(key(1)));
        int count = 0;
        for (boolean valid = true; valid; valid = cursor.next()) {
          assertArrayEquals(b("then " + count), cursor.value());
          count++;
        }
        assertEquals(300, count);
        assertArrayEquals(b("then 9"), keyspace.at(snapshot).get(key(9)));
        assertTrue(sstables(memory).containsAll(before), "files that are read stay");
      }
      store.compact(keyspace);
      store.flush();
      assertEquals(Set.of(), sstables(memory), "files that nobody reads go");
    }
  }

  @Test
  @Tag("D20")
  void a_range_is_deleted_from_every_place_where_its_keys_are() {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      fill(keyspace, 0, 100, "bottom ");
      store.compact(keyspace);
      fill(keyspace, 100, 200, "level 0 ");
      store.flush();
      fill(keyspace, 200, 300, "memory ");
      keyspace.deleteRange(KeyRange.of(key(50), key(250)));
      for (int look = 0; look < 3; look++) {
        assertEquals(100, keyspace.count(), "look " + look);
        assertNull(keyspace.get(key(50)));
        assertNull(keyspace.get(key(150)));
        assertNull(keyspace.get(key(249)));
        assertNotNull(keyspace.get(key(49)));
        assertNotNull(keyspace.get(key(250)));
        if (look == 0) {
          store.flush();
        } else {
          store.compact(keyspace);
        }
      }
    }
  }

  @Test
  @Tag("D20")
  void a_missing_file_is_told_and_never_an_absent_key() throws IOException {
    try (Store store = open(memory)) {
      fill(store.keyspace("k", LSM), 0, 200, "value ");
      store.flush();
    }
    String name = sstables(memory).iterator().next();
    memory.delete(DIRECTORY.resolve(name));
    CorruptionException failure = assertThrows(CorruptionException.class, () -> open(memory));
    assertTrue(String.valueOf(failure.getMessage()).contains(name), failure.getMessage());
  }

  @Test
  @Tag("D20")
  void a_flush_that_fails_is_told_and_loses_nothing() throws IOException {
    FaultFileSystem fs = new FaultFileSystem(memory);
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", LSM);
      fill(keyspace, 0, 200, "value ");
      fs.with(
          FaultRule.when(FaultRule.path(".*\\.sst.*").and(FaultRule.kind(Kind.WRITE)))
              .then(new Fault.Refused(Fault.Errno.EIO)));
      assertThrows(VarveException.class, store::flush);
      assertEquals(200, keyspace.count());
      fs.heal();
      store.flush();
      assertEquals(200, keyspace.count());
      assertEquals(1, sstables(memory).size());
    }
    try (Store store = open(memory)) {
      assertEquals(200, store.keyspace("k").count());
    }
  }
}
