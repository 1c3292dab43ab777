package dev.varve.fs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage.Mode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class MemoryFileSystemTest extends FileSystemContract {
  private static final Path DIRECTORY = Path.of("/memory/store");

  @Override
  protected FileSystem fileSystem() {
    return prepared();
  }

  @Override
  protected Path directory() {
    return DIRECTORY;
  }

  private static MemoryFileSystem prepared() {
    MemoryFileSystem fs = new MemoryFileSystem();
    try {
      fs.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return fs;
  }

  private static MemorySegment filled(int size, int value) {
    return MemorySegment.ofArray(new byte[size]).fill((byte) value);
  }

  private static Path path(String name) {
    return DIRECTORY.resolve(name);
  }

  @Test
  void a_crash_keeps_what_was_synced_and_in_its_strictest_mode_nothing_else() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.append(filled(10, 1));
      a.sync(SyncMode.FULL);
      fs.syncDirectory(DIRECTORY);
      a.write(0, filled(5, 2));
      a.append(filled(10, 3));
      fs.create(path("b")).close();
    }
    MemoryFileSystem after = fs.crash(new CrashImage(1, Mode.SYNCED_ONLY));
    assertEquals(List.of("a"), after.list(DIRECTORY));
    assertArrayEquals(filled(10, 1).toArray(ValueLayout.JAVA_BYTE), after.bytes(path("a")));
    MemoryFileSystem all = fs.crash(new CrashImage(1, Mode.ALL));
    assertEquals(List.of("a", "b"), all.list(DIRECTORY));
    assertArrayEquals(fs.bytes(path("a")), all.bytes(path("a")));
  }

  @Test
  void a_kill_keeps_everything_and_a_power_cut_after_it_what_was_synced() throws IOException {
    MemoryFileSystem fs = prepared();
    StoreFile a = fs.create(path("a"));
    a.append(filled(10, 1));
    a.sync(SyncMode.FULL);
    fs.syncDirectory(DIRECTORY);
    MappedRegion region = a.map(MapMode.READ_WRITE);
    region.segment().fill((byte) 2);
    fs.create(path("b")).close();
    fs.rename(path("b"), path("c"));
    DirectoryLock lock = fs.lock(path("LOCK"));
    MemoryFileSystem killed = fs.kill();
    region.segment().fill((byte) 3);
    fs.delete(path("c"));
    assertArrayEquals(filled(10, 2).toArray(ValueLayout.JAVA_BYTE), killed.bytes(path("a")));
    assertEquals(List.of("LOCK", "a", "c"), killed.list(DIRECTORY));
    assertEquals(List.of(), killed.openFiles());
    killed.lock(path("LOCK")).close();
    MemoryFileSystem cut = killed.crash(new CrashImage(1, Mode.SYNCED_ONLY));
    assertEquals(List.of("a"), cut.list(DIRECTORY));
    assertArrayEquals(filled(10, 1).toArray(ValueLayout.JAVA_BYTE), cut.bytes(path("a")));
    try (StoreFile again = killed.open(path("a"), OpenMode.READ_WRITE)) {
      again.sync(SyncMode.FULL);
    }
    killed.syncDirectory(DIRECTORY);
    cut = killed.crash(new CrashImage(1, Mode.SYNCED_ONLY));
    assertArrayEquals(filled(10, 2).toArray(ValueLayout.JAVA_BYTE), cut.bytes(path("a")));
    assertEquals(List.of("LOCK", "a", "c"), cut.list(DIRECTORY));
    lock.close();
  }

  @Test
  void a_synced_file_without_a_synced_name_is_gone() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.append(filled(10, 1));
      a.sync(SyncMode.FULL);
    }
    assertFalse(fs.crash(new CrashImage(1, Mode.SYNCED_ONLY)).exists(path("a")));
  }

  @Test
  void mapped_bytes_survive_block_by_block_until_forced() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.preallocate(8 * 4096);
      a.sync(SyncMode.FULL);
      fs.syncDirectory(DIRECTORY);
      try (MappedRegion region = a.map(MapMode.READ_WRITE)) {
        region.segment().fill((byte) 9);
        region.force(4096, 2 * 4096);
        Set<Integer> patterns = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
          byte[] left = fs.crash(new CrashImage(seed, Mode.RANDOM_BLOCKS)).bytes(path("a"));
          int pattern = 0;
          for (int block = 0; block < 8; block++) {
            byte first = left[block * 4096];
            assertEquals(first, left[block * 4096 + 4095], "a block is whole in this mode");
            pattern |= first == 9 ? 1 << block : 0;
          }
          assertTrue((pattern & 2) != 0, "the forced block survives");
          patterns.add(pattern);
        }
        assertTrue(patterns.size() > 10, "every subset may survive: " + patterns);
        assertArrayEquals(
            fs.crash(new CrashImage(7, Mode.RANDOM_BLOCKS)).bytes(path("a")),
            fs.crash(new CrashImage(7, Mode.RANDOM_BLOCKS)).bytes(path("a")),
            "a seed repeats its image");
      }
    }
  }

  @Test
  void torn_sectors_tear_inside_a_block() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.preallocate(4096);
      a.sync(SyncMode.FULL);
      fs.syncDirectory(DIRECTORY);
      a.write(0, filled(4096, 9));
      boolean torn = false;
      for (int seed = 0; seed < 20; seed++) {
        byte[] left = fs.crash(new CrashImage(seed, Mode.TORN_SECTORS)).bytes(path("a"));
        int sectors = 0;
        for (int at = 0; at < 4096; at += 512) {
          sectors += left[at] == 9 ? 1 : 0;
          assertEquals(left[at], left[at + 511]);
        }
        torn |= sectors > 0 && sectors < 8;
      }
      assertTrue(torn);
    }
  }

  @Test
  void grown_files_may_hold_zeros_or_stale_bytes() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.append(filled(10, 1));
      a.sync(SyncMode.FULL);
      fs.syncDirectory(DIRECTORY);
      a.append(filled(1000, 2));
    }
    byte[] zero = fs.crash(new CrashImage(3, Mode.GROWN_ZERO)).bytes(path("a"));
    assertEquals(1010, zero.length);
    assertEquals(1, zero[9]);
    assertEquals(0, zero[500]);
    byte[] stale = fs.crash(new CrashImage(3, Mode.GROWN_STALE)).bytes(path("a"));
    assertEquals(1, stale[9]);
    Set<Byte> seen = new HashSet<>();
    for (int i = 10; i < stale.length; i++) {
      seen.add(stale[i]);
    }
    assertTrue(seen.size() > 50);
  }

  @Test
  void renames_are_undone_and_deletions_come_back_until_the_directory_is_synced()
      throws IOException {
    MemoryFileSystem fs = prepared();
    fs.create(path("a")).close();
    fs.create(path("d")).close();
    fs.syncDirectory(DIRECTORY);
    fs.rename(path("a"), path("b"));
    fs.delete(path("d"));
    assertEquals(List.of("b"), fs.list(DIRECTORY));
    assertEquals(List.of("a"), fs.crash(new CrashImage(1, Mode.RENAMES_REVERTED)).list(DIRECTORY));
    assertEquals(
        List.of("b", "d"), fs.crash(new CrashImage(1, Mode.DELETES_UNDONE)).list(DIRECTORY));
    Set<List<String>> subsets = new HashSet<>();
    for (int seed = 0; seed < 40; seed++) {
      subsets.add(fs.crash(new CrashImage(seed, Mode.NAMES_SUBSET)).list(DIRECTORY));
    }
    assertEquals(4, subsets.size(), subsets.toString());
    fs.syncDirectory(DIRECTORY);
    assertEquals(List.of("b"), fs.crash(new CrashImage(1, Mode.SYNCED_ONLY)).list(DIRECTORY));
  }

  @Test
  void a_failed_sync_marks_pages_clean_and_a_later_success_does_not_save_them() throws IOException {
    MemoryFileSystem memory = prepared();
    FaultFileSystem fs =
        new FaultFileSystem(memory)
            .with(
                FaultRule.when(FaultRule.kind(FileOperation.Kind.SYNC))
                    .times(1)
                    .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    try (StoreFile a = memory.create(path("a"))) {
      a.append(filled(10, 1));
      a.sync(SyncMode.FULL);
      memory.syncDirectory(DIRECTORY);
    }
    try (StoreFile a = fs.open(path("a"), OpenMode.READ_WRITE)) {
      a.write(0, filled(10, 2));
      assertThrows(IOException.class, () -> a.sync(SyncMode.DATA));
      a.sync(SyncMode.DATA);
      byte[] seen = new byte[10];
      a.readFully(0, MemorySegment.ofArray(seen));
      assertEquals(2, seen[0], "programs read the new bytes");
      assertEquals(1, memory.crash(new CrashImage(1, Mode.ALL)).bytes(path("a"))[0]);
      a.write(0, filled(10, 3));
      a.sync(SyncMode.DATA);
      assertEquals(3, memory.crash(new CrashImage(1, Mode.SYNCED_ONLY)).bytes(path("a"))[0]);
    }
  }

  @Test
  void a_failed_sync_may_revert_pages() throws IOException {
    MemoryFileSystem memory = prepared();
    FaultFileSystem fs =
        new FaultFileSystem(memory)
            .with(
                FaultRule.when(FaultRule.kind(FileOperation.Kind.FORCE))
                    .times(1)
                    .then(new Fault.SyncFails(SyncFailure.PAGES_REVERTED)));
    try (StoreFile a = fs.create(path("a"))) {
      a.preallocate(4096);
      a.sync(SyncMode.FULL);
      try (MappedRegion region = a.map(MapMode.READ_WRITE)) {
        region.segment().fill((byte) 5);
        assertThrows(IOException.class, () -> region.force(0, 4096));
        assertEquals(0, region.segment().get(ValueLayout.JAVA_BYTE, 0));
      }
    }
  }

  @Test
  void a_limit_refuses_growth_and_leaves_the_rest() throws IOException {
    MemoryFileSystem fs = prepared();
    fs.limit(100);
    try (StoreFile a = fs.create(path("a"))) {
      a.append(filled(90, 1));
      assertThrows(NoSpaceException.class, () -> a.append(filled(11, 1)));
      assertThrows(NoSpaceException.class, () -> a.preallocate(101));
      assertEquals(90, a.size());
      a.write(0, filled(90, 2));
      assertEquals(10, fs.usableSpace(DIRECTORY));
      fs.limit(1000);
      a.append(filled(11, 1));
    }
  }

  @Test
  void open_files_are_known() throws IOException {
    MemoryFileSystem fs = prepared();
    StoreFile a = fs.create(path("a"));
    MappedRegion region = a.map(MapMode.READ_WRITE);
    assertEquals(List.of(path("a"), path("a")), fs.openFiles());
    a.close();
    region.close();
    assertEquals(List.of(), fs.openFiles());
  }

  @Test
  void a_mapped_file_cannot_change_its_length() throws IOException {
    MemoryFileSystem fs = prepared();
    try (StoreFile a = fs.create(path("a"))) {
      a.preallocate(10);
      try (MappedRegion region = a.map(MapMode.READ_WRITE)) {
        assertThrows(IOException.class, () -> a.append(filled(1, 1)));
        assertThrows(IOException.class, () -> a.truncate(5));
        assertEquals(10, region.segment().byteSize());
      }
    }
  }
}
