package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.format.EditFile.Content;
import dev.varve.format.EditFile.Place;
import dev.varve.format.EditFile.Pointer;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Edits in one part and in several: whole or not there, whatever happens.
final class EditFileTest {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(3, 4);
  private static final long NUMBER = 5;
  private static final Path PATH = DIRECTORY.resolve(StoreFileName.manifest(7, NUMBER));

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final SplittableRandom random = new SplittableRandom(9);

  @BeforeEach
  void makeDirectory() throws IOException {
    fs.createDirectories(DIRECTORY);
  }

  private static Place place(FileSystem fileSystem) {
    return new Place(fileSystem, PATH, FileKind.MANIFEST, STORE, 7, NUMBER);
  }

  private List<byte[]> parts(int... lengths) {
    List<byte[]> parts = new ArrayList<>();
    for (int length : lengths) {
      byte[] part = new byte[length];
      random.nextBytes(part);
      parts.add(part);
    }
    return parts;
  }

  /** What was read: each edit one list of its parts. */
  private static final class Read implements EditFile.Visitor {
    final List<List<byte[]>> edits = new ArrayList<>();
    private List<byte[]> pending = new ArrayList<>();

    @Override
    public void part(byte[] array, int from, int to, long position, boolean last) {
      pending.add(Arrays.copyOfRange(array, from, to));
      if (last) {
        edits.add(pending);
        pending = new ArrayList<>();
      }
    }
  }

  private static Content requireRead(FileSystem from, long editsMin, List<List<byte[]>> edits)
      throws IOException {
    Read read = new Read();
    Content content = EditFile.read(place(from), editsMin, read);
    assertEquals(content.edits(), read.edits.size());
    assertTrue(content.edits() <= edits.size(), content + " of " + edits.size());
    for (int i = 0; i < content.edits(); i++) {
      assertEquals(edits.get(i).size(), read.edits.get(i).size(), "parts of edit " + i);
      for (int part = 0; part < edits.get(i).size(); part++) {
        assertArrayEquals(edits.get(i).get(part), read.edits.get(i).get(part), "edit " + i);
      }
    }
    return content;
  }

  private List<List<byte[]>> write(FileSystem to, List<List<byte[]>> edits) throws IOException {
    try (EditFile file = EditFile.create(place(to), 0, edits.getFirst().iterator())) {
      for (List<byte[]> edit : edits.subList(1, edits.size())) {
        long with = file.bytesWith(edit);
        file.append(edit);
        assertEquals(with, file.bytes());
      }
      assertEquals(edits.size(), file.edits());
    }
    return edits;
  }

  @Test
  void edits_in_parts_of_any_size_are_read_again() throws IOException {
    List<List<byte[]>> edits =
        List.of(
            parts(10, 1 << 20, 0, 3),
            parts(0),
            parts(7, 300_000, 8),
            parts(256 << 10),
            parts(1, 1, 1, 1, 1));
    Content content = requireRead(fs, 5, write(fs, edits));
    assertEquals(5, content.edits());
    assertEquals(0, content.tornBytes());
    assertEquals(List.of(), fs.openFiles());
  }

  @Test
  void a_pointer_is_read_again_and_no_other_bytes_are_one() {
    Pointer pointer = new Pointer(9, 1L << 40);
    assertEquals(pointer, Pointer.decode(pointer.encode()));
    assertEquals(null, Pointer.decode(new byte[15]));
  }

  @Test
  void a_cut_within_an_append_leaves_the_edit_whole_or_not_at_all() throws IOException {
    int whole = 0;
    int torn = 0;
    for (int seed = 0; seed < 40; seed++) {
      for (CrashImage.Mode mode : CrashImage.Mode.values()) {
        MemoryFileSystem live = new MemoryFileSystem();
        live.createDirectories(DIRECTORY);
        List<List<byte[]>> edits =
            List.of(parts(30), parts(3000, 2000), parts(700, 900, 4000, 600, 1500));
        write(live, edits.subList(0, 2));
        appendUnsynced(live, requireRead(live, 2, edits), edits.get(2), SyncFailure.REPORTED_LATE);
        MemoryFileSystem after = live.crash(new CrashImage(seed, mode));
        Content content = requireRead(after, 2, edits);
        whole += content.edits() == 3 ? 1 : 0;
        torn += content.edits() == 2 && content.tornBytes() > 0 ? 1 : 0;
        goOn(after, content, edits);
      }
    }
    assertTrue(whole > 20 && torn > 20, whole + " whole, " + torn + " torn");
  }

  /** Appends an edit whose sync fails. */
  private static void appendUnsynced(
      FileSystem to, Content before, List<byte[]> edit, SyncFailure failure) throws IOException {
    FaultFileSystem faulty = new FaultFileSystem(to);
    try (EditFile file = EditFile.open(place(faulty), before)) {
      file.sync();
      var _ =
          faulty.with(
              FaultRule.when(FaultRule.kind(FileOperation.Kind.SYNC))
                  .then(new Fault.SyncFails(failure)));
      assertThrows(IOException.class, () -> file.append(edit));
    }
  }

  private static void append(FileSystem to, Content before, List<byte[]> edit) throws IOException {
    try (EditFile file = EditFile.open(place(to), before)) {
      file.append(edit);
    }
  }

  /** A short edit where a longer one was torn, and one more: what is left of that is no damage. */
  private void goOn(MemoryFileSystem after, Content content, List<List<byte[]>> edits)
      throws IOException {
    List<List<byte[]>> all = new ArrayList<>(edits.subList(0, (int) content.edits()));
    Content at = content;
    for (int i = 0; i < 3; i++) {
      all.add(parts(40 + i));
      append(after, at, all.getLast());
      at = requireRead(after, at.edits() + 1, all);
    }
    assertEquals(all.size(), at.edits());
  }

  @Test
  void a_damaged_part_is_seen_when_another_edit_follows_or_the_edit_is_known() throws IOException {
    List<List<byte[]>> edits =
        write(fs, List.of(parts(20, 50), parts(60, 10, 90), parts(30), parts(40, 50)));
    byte[] sound = fs.bytes(PATH);
    long lastBegin = requireRead(fs, 4, edits).lastBegin();
    for (int at = 0; at < sound.length; at++) {
      byte[] damaged = sound.clone();
      damaged[at] ^= 4;
      fs.replaceBytes(PATH, damaged);
      String what = "byte " + at;
      CorruptionException known =
          assertThrows(CorruptionException.class, () -> requireRead(fs, 4, edits), what);
      assertEquals(PATH, known.file());
      assertTrue(known.offset() <= Math.max(at, Envelope.SIZE), what);
      if (at < lastBegin) {
        assertThrows(CorruptionException.class, () -> requireRead(fs, 0, edits), what);
      } else {
        assertEquals(3, requireRead(fs, 0, edits).edits(), what);
      }
    }
  }

  @Test
  void a_part_for_which_there_is_no_space_leaves_no_edit_and_it_may_be_appended_again()
      throws IOException {
    List<List<byte[]>> edits = List.of(parts(100), parts(500, 500, 500), parts(9));
    try (EditFile file = EditFile.create(place(fs), 0, edits.getFirst().iterator())) {
      fs.limit(fs.bytes(PATH).length + 1200L);
      assertThrows(NoSpaceException.class, () -> file.append(edits.get(1)));
      assertEquals(1, requireRead(fs, 1, edits).edits());
      fs.limit(Long.MAX_VALUE);
      file.append(edits.get(2));
      assertEquals(2, requireRead(fs, 2, List.of(edits.get(0), edits.get(2))).edits());
      file.append(edits.get(1));
      assertEquals(
          3, requireRead(fs, 3, List.of(edits.get(0), edits.get(2), edits.get(1))).edits());
    }
  }

  @Test
  void after_a_failure_nothing_is_appended_or_synced_any_more() throws IOException {
    for (FileOperation.Kind kind : List.of(FileOperation.Kind.WRITE, FileOperation.Kind.SYNC)) {
      MemoryFileSystem below = new MemoryFileSystem();
      below.createDirectories(DIRECTORY);
      FaultFileSystem faulty = new FaultFileSystem(below);
      try (EditFile file = EditFile.create(place(faulty), 0, parts(10).iterator())) {
        var _ =
            faulty.with(
                FaultRule.when(FaultRule.kind(kind))
                    .times(1)
                    .then(new Fault.Refused(Fault.Errno.EIO)));
        assertThrows(IOException.class, () -> file.append(parts(10)));
        long operations = faulty.operationCount();
        IOException again = assertThrows(IOException.class, () -> file.append(parts(10)));
        assertTrue(String.valueOf(again.getMessage()).contains("failed before"), "" + again);
        assertThrows(IOException.class, file::sync);
        assertEquals(operations, faulty.operationCount(), "it does not even try");
        assertEquals(1, file.edits());
      }
    }
  }

  /** The kernel says once that a sync failed, and takes the pages for clean. */
  @Test
  void what_an_earlier_process_failed_to_sync_is_written_again_before_it_counts()
      throws IOException {
    List<List<byte[]>> edits = List.of(parts(100), parts(200), parts(5000, 300));
    write(fs, edits.subList(0, 2));
    appendUnsynced(fs, requireRead(fs, 2, edits), edits.get(2), SyncFailure.PAGES_MARKED_CLEAN);
    MemoryFileSystem next = fs.kill();
    Content seen = requireRead(next, 2, edits);
    assertEquals(3, seen.edits(), "it is in the cache");
    try (EditFile file = EditFile.open(place(next), seen)) {
      file.sync();
    }
    MemoryFileSystem after = next.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
    assertEquals(3, requireRead(after, 3, edits).edits());
  }

  @Test
  void what_was_found_is_made_durable_later_where_the_disk_is_full_now() throws IOException {
    List<List<byte[]>> edits = write(fs, List.of(parts(100), parts(200), parts(30)));
    FaultFileSystem faulty = new FaultFileSystem(fs);
    try (EditFile file = EditFile.open(place(faulty), requireRead(fs, 3, edits))) {
      for (FileOperation.Kind kind : List.of(FileOperation.Kind.OPEN, FileOperation.Kind.WRITE)) {
        var _ =
            faulty.with(
                FaultRule.when(FaultRule.kind(kind)).then(new Fault.Refused(Fault.Errno.ENOSPC)));
        assertThrows(NoSpaceException.class, file::sync);
        faulty.heal();
      }
      file.sync();
      file.append(parts(5));
      assertEquals(4, file.edits());
    }
  }
}
