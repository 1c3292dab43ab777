package dev.varve.fs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Expect;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every [FileSystem] does, whatever is behind it.
public abstract class FileSystemContract {
  private FileSystem fs;
  private Path dir;

  /// The file system to test.
  protected abstract FileSystem fileSystem();

  /// A directory in it that exists and is empty.
  protected abstract Path directory();

  @BeforeEach
  void begin() {
    fs = fileSystem();
    dir = directory();
  }

  private static MemorySegment bytes(String text) {
    return MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8));
  }

  private void write(String name, String text) throws IOException {
    try (StoreFile file = fs.create(dir.resolve(name))) {
      file.append(bytes(text));
    }
  }

  private String read(String name) throws IOException {
    try (StoreFile file = fs.open(dir.resolve(name), OpenMode.READ)) {
      byte[] all = new byte[(int) file.size()];
      file.readFully(0, MemorySegment.ofArray(all));
      return new String(all, StandardCharsets.UTF_8);
    }
  }

  @Test
  void what_is_appended_is_read_back_at_its_position() throws IOException {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      assertEquals(0, file.append(bytes("varve")));
      assertEquals(5, file.append(bytes("clay")));
      assertEquals(9, file.size());
      byte[] target = new byte[10];
      MemorySegment part = MemorySegment.ofArray(target).asSlice(3, 4);
      assertEquals(4, file.read(3, part));
      assertArrayEquals("\0\0\0vecl\0\0\0".getBytes(StandardCharsets.UTF_8), target);
    }
  }

  @Test
  void native_memory_is_read_and_written_as_heap_memory_is() throws IOException {
    try (StoreFile file = fs.create(dir.resolve("a"));
        Arena arena = Arena.ofConfined()) {
      int size = 700_001;
      MemorySegment source = arena.allocate(size);
      for (int i = 0; i < size; i++) {
        source.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
      }
      file.write(7, source);
      MemorySegment target = arena.allocate(size);
      assertEquals(size, file.read(7, target));
      assertEquals(-1, source.mismatch(target));
      byte[] heap = new byte[size];
      file.readFully(7, MemorySegment.ofArray(heap));
      assertEquals(-1, MemorySegment.ofArray(heap).mismatch(source));
    }
  }

  @Test
  void reading_past_the_end_gives_what_there_is() throws IOException {
    write("a", "abc");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ)) {
      assertEquals(1, file.read(2, MemorySegment.ofArray(new byte[5])));
      assertEquals(0, file.read(3, MemorySegment.ofArray(new byte[5])));
      assertEquals(0, file.read(99, MemorySegment.ofArray(new byte[5])));
      Expect.failure(
          EOFException.class,
          () -> file.readFully(1, MemorySegment.ofArray(new byte[5])),
          "ends at 3");
    }
  }

  @Test
  void a_write_past_the_end_leaves_zeros_between() throws IOException {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      file.write(3, bytes("x"));
    }
    assertEquals("\0\0\0x", read("a"));
  }

  @Test
  void a_write_inside_a_file_keeps_its_length() throws IOException {
    write("a", "abcdef");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ_WRITE)) {
      file.write(2, bytes("XY"));
    }
    assertEquals("abXYef", read("a"));
  }

  @Test
  void preallocation_gives_zeros_and_keeps_what_was_there() throws IOException {
    write("a", "abc");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ_WRITE)) {
      file.preallocate(1_000_000);
      assertEquals(1_000_000, file.size());
      file.preallocate(5);
      assertEquals(1_000_000, file.size());
    }
    String all = read("a");
    assertEquals("abc\0\0", all.substring(0, 5));
    assertEquals("\0".repeat(1_000_000 - 3), all.substring(3));
  }

  @Test
  void truncation_cuts_and_never_grows() throws IOException {
    write("a", "abcdef");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ_WRITE)) {
      file.truncate(2);
      file.truncate(10);
      assertEquals(2, file.size());
      file.write(4, bytes("z"));
    }
    assertEquals("ab\0\0z", read("a"));
  }

  @Test
  void creating_what_exists_and_opening_what_does_not_are_told_apart() throws IOException {
    write("a", "x");
    assertThrows(FileAlreadyExistsException.class, () -> fs.create(dir.resolve("a")));
    assertThrows(NoSuchFileException.class, () -> fs.open(dir.resolve("b"), OpenMode.READ));
    assertThrows(NoSuchFileException.class, () -> fs.open(dir.resolve("b"), OpenMode.READ_WRITE));
    assertFalse(fs.exists(dir.resolve("b")));
    assertThrows(NoSuchFileException.class, () -> fs.delete(dir.resolve("b")));
    assertThrows(NoSuchFileException.class, () -> fs.rename(dir.resolve("b"), dir.resolve("c")));
    assertThrows(NoSuchFileException.class, () -> fs.link(dir.resolve("b"), dir.resolve("c")));
    assertThrows(NoSuchFileException.class, () -> fs.create(dir.resolve("no").resolve("b")));
    assertEquals("x", read("a"));
  }

  @Test
  void a_file_opened_for_reading_refuses_writes() throws IOException {
    write("a", "abc");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ)) {
      assertThrows(IOException.class, () -> file.write(0, bytes("x")));
      assertThrows(IOException.class, () -> file.map(MapMode.READ_WRITE));
    }
    assertEquals("abc", read("a"));
  }

  @Test
  void a_directory_is_not_a_file() throws IOException {
    Path inner = dir.resolve("inner");
    fs.createDirectories(inner);
    assertTrue(fs.isDirectory(inner));
    assertThrows(IOException.class, () -> fs.open(inner, OpenMode.READ));
    assertThrows(IOException.class, () -> fs.open(inner, OpenMode.READ_WRITE));
    write("a", "x");
    assertFalse(fs.isDirectory(dir.resolve("a")));
    assertThrows(NotDirectoryException.class, () -> fs.list(dir.resolve("a")));
    assertThrows(FileAlreadyExistsException.class, () -> fs.createDirectories(dir.resolve("a")));
  }

  @Test
  void a_rename_replaces_its_target() throws IOException {
    write("a", "new");
    write("b", "old");
    fs.rename(dir.resolve("a"), dir.resolve("b"));
    fs.syncDirectory(dir);
    assertEquals("new", read("b"));
    assertEquals(List.of("b"), fs.list(dir));
  }

  @Test
  void a_link_is_a_second_name_and_never_replaces() throws IOException {
    write("a", "abc");
    fs.link(dir.resolve("a"), dir.resolve("b"));
    fs.delete(dir.resolve("a"));
    assertEquals("abc", read("b"));
    write("c", "x");
    assertThrows(
        FileAlreadyExistsException.class, () -> fs.link(dir.resolve("b"), dir.resolve("c")));
  }

  @Test
  void a_deleted_file_stays_readable_through_an_open_handle() throws IOException {
    write("a", "abc");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ)) {
      fs.delete(dir.resolve("a"));
      byte[] target = new byte[3];
      file.readFully(0, MemorySegment.ofArray(target));
      assertArrayEquals("abc".getBytes(StandardCharsets.UTF_8), target);
    }
    assertFalse(fs.exists(dir.resolve("a")));
  }

  @Test
  void names_are_listed_in_order() throws IOException {
    write("b", "");
    write("a", "");
    fs.createDirectories(dir.resolve("c").resolve("d"));
    assertEquals(List.of("a", "b", "c"), fs.list(dir));
    assertEquals(List.of("d"), fs.list(dir.resolve("c")));
    assertThrows(NoSuchFileException.class, () -> fs.list(dir.resolve("x")));
  }

  @Test
  void a_mapping_and_the_file_are_one() throws IOException {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      file.preallocate(10_000);
      try (MappedRegion region = file.map(MapMode.READ_WRITE)) {
        assertEquals(10_000, region.segment().byteSize());
        region.segment().set(ValueLayout.JAVA_BYTE, 9_999, (byte) 7);
        byte[] target = new byte[1];
        file.readFully(9_999, MemorySegment.ofArray(target));
        assertEquals(7, target[0]);
        file.write(5_000, bytes("w"));
        assertEquals('w', region.segment().get(ValueLayout.JAVA_BYTE, 5_000));
        region.force(0, 10_000);
        region.force(4_999, 5_003);
      }
    }
  }

  @Test
  void a_read_only_mapping_refuses_stores() throws IOException {
    write("a", "abc");
    try (StoreFile file = fs.open(dir.resolve("a"), OpenMode.READ);
        MappedRegion region = file.map(MapMode.READ_ONLY)) {
      assertEquals('b', region.segment().get(ValueLayout.JAVA_BYTE, 1));
      assertThrows(
          RuntimeException.class, () -> region.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
    }
  }

  @Test
  void a_closed_file_says_so_and_closes_twice() throws IOException {
    StoreFile file = fs.create(dir.resolve("a"));
    file.close();
    file.close();
    assertThrows(IOException.class, () -> file.append(bytes("x")));
    assertThrows(IOException.class, () -> file.read(0, MemorySegment.ofArray(new byte[1])));
  }

  @Test
  void syncs_of_every_kind_succeed_on_a_sound_device() throws IOException {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      file.append(bytes("abc"));
      file.sync(SyncMode.DATA);
      file.append(bytes("d"));
      file.sync(SyncMode.FULL);
      fs.syncDirectory(dir);
      assertEquals("abcd", read("a"));
    }
  }

  @Test
  void a_lock_is_held_once_and_names_its_holder() throws IOException {
    Path path = dir.resolve("LOCK");
    fs.createDirectories(dir.resolve("x"));
    try (DirectoryLock lock = fs.lock(path)) {
      LockHeldException e = assertThrows(LockHeldException.class, () -> fs.lock(path));
      LockHolder holder = e.holder().orElseThrow();
      assertEquals(ProcessHandle.current().pid(), holder.processId());
      assertTrue(holder.thisProcess());
      assertThrows(
          LockHeldException.class, () -> fs.lock(dir.resolve("x").resolve("..").resolve("LOCK")));
      assertTrue(lock.toString().length() > 0);
    }
    fs.lock(path).close();
    assertTrue(fs.exists(path));
  }

  /// RELIABILITY P17: a foreign interrupt must not close a file under another thread.
  @Test
  void an_interrupt_neither_fails_a_call_nor_closes_the_file() throws Exception {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      file.preallocate(1 << 20);
      AtomicBoolean stop = new AtomicBoolean();
      Thread[] victims = new Thread[3];
      Throwable[] failures = new Throwable[victims.length];
      long[] rounds = new long[victims.length];
      for (int i = 0; i < victims.length; i++) {
        int me = i;
        victims[i] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      byte[] buffer = new byte[64 << 10];
                      try {
                        while (!stop.get() || rounds[me] == 0) {
                          file.read(0, MemorySegment.ofArray(buffer));
                          if (me == 0) {
                            file.write(0, MemorySegment.ofArray(buffer));
                            file.sync(SyncMode.DATA);
                            fs.syncDirectory(dir);
                            try (MappedRegion region = file.map(MapMode.READ_WRITE)) {
                              region.force(0, 4096);
                            }
                          }
                          rounds[me]++;
                        }
                      } catch (Throwable failure) {
                        failures[me] = failure;
                      }
                    });
      }
      long end = System.nanoTime() + 300_000_000L;
      while (System.nanoTime() < end) {
        for (Thread victim : victims) {
          victim.interrupt();
        }
        Thread.onSpinWait();
      }
      stop.set(true);
      for (int i = 0; i < victims.length; i++) {
        victims[i].join();
        if (failures[i] != null) {
          throw new AssertionError("thread " + i, failures[i]);
        }
        assertTrue(rounds[i] > 0);
      }
      assertEquals(1 << 20, file.size());
    }
  }

  @Test
  void an_interrupt_that_came_before_a_call_is_still_there_after_it() throws Exception {
    try (StoreFile file = fs.create(dir.resolve("a"))) {
      Thread.currentThread().interrupt();
      file.append(bytes("abc"));
      file.sync(SyncMode.DATA);
      file.sync(SyncMode.DATA);
      file.map(MapMode.READ_WRITE).close();
      fs.syncDirectory(dir);
      assertTrue(Thread.interrupted());
      assertEquals("abc", read("a"));
    }
  }

  @Test
  void a_closed_file_stays_closed_for_a_sync() throws IOException {
    StoreFile file = fs.create(dir.resolve("a"));
    file.close();
    assertThrows(ClosedChannelException.class, () -> file.sync(SyncMode.DATA));
  }

  @Test
  void there_is_space_to_ask_for() throws IOException {
    assertTrue(fs.usableSpace(dir) > 0);
  }
}
