package dev.varve.engine.lsm.version;

import static dev.varve.engine.lsm.version.VersionFixture.bytes;
import static dev.varve.engine.lsm.version.VersionFixture.sstable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.engine.lsm.version.Manifest.Content;
import dev.varve.engine.lsm.version.Manifest.Place;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.EditFrames;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ManifestTest {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);
  private static final long NUMBER = 3;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private Place place(MemoryFileSystem fileSystem) {
    return new Place(fileSystem, DIRECTORY, STORE, 7);
  }

  private Place place() throws IOException {
    fs.createDirectories(DIRECTORY);
    return place(fs);
  }

  private static Path path() {
    return DIRECTORY.resolve(StoreFileName.manifest(7, NUMBER));
  }

  /** Ten edits of all kinds on a version of three sstables. */
  private static List<VersionEdit> edits() {
    List<VersionEdit> edits = new ArrayList<>();
    edits.add(VersionEdit.flush(List.of(sstable(10, "a", "k", 5)), 5));
    edits.add(
        VersionEdit.flush(List.of(sstable(11, "b", null, 6)), 6)
            .withBlobs(List.of(new BlobChange.Comes(12, 500, 400))));
    edits.add(
        VersionEdit.compaction(
            List.of(new Removed(0, 10), new Removed(0, 11)),
            1,
            List.of(sstable(13, "a", "c", 6), sstable(14, "c", null, 6))));
    edits.add(VersionEdit.flush(List.of(), 0).withBlobs(List.of(new BlobChange.Dies(12, 100))));
    edits.add(VersionEdit.flush(List.of(), 9).withNextNumber(30));
    edits.add(VersionEdit.flush(List.of(), 0).withBlobs(List.of(new BlobChange.Goes(12))));
    return edits;
  }

  private static List<Version> versions(List<VersionEdit> edits) {
    List<Version> versions = new ArrayList<>(List.of(Version.EMPTY));
    for (VersionEdit edit : edits) {
      versions.add(versions.getLast().apply(edit));
    }
    return versions;
  }

  private static void assertSame(Version expected, Version found) {
    assertEquals(expected.asEdit(), found.asEdit());
  }

  private Pointer write(Place place, List<VersionEdit> edits) throws IOException {
    try (Manifest manifest = Manifest.create(place, NUMBER, Version.EMPTY, 1234)) {
      for (VersionEdit edit : edits) {
        manifest.append(edit);
      }
      return manifest.pointer();
    }
  }

  @Test
  void what_was_appended_is_read_again() throws IOException {
    Pointer pointer = write(place(), edits());
    assertEquals(new Pointer(NUMBER, 7), pointer);
    assertEquals(pointer, Pointer.decode(pointer.encode()));
    assertNull(Pointer.decode(new byte[3]));
    Content content = Manifest.read(place(), pointer);
    assertSame(versions(edits()).getLast(), content.version());
    assertEquals(0, content.tornBytes());
  }

  @Test
  void after_reopening_it_goes_on_where_it_was() throws IOException {
    Pointer pointer = write(place(), edits().subList(0, 2));
    for (VersionEdit edit : edits().subList(2, 6)) {
      try (Manifest manifest = Manifest.open(place(), NUMBER, Manifest.read(place(), pointer))) {
        manifest.append(edit);
        pointer = manifest.pointer();
      }
    }
    assertSame(versions(edits()).getLast(), Manifest.read(place(), pointer).version());
  }

  @Test
  void a_crash_at_any_point_leaves_a_version_that_was_and_what_was_durable() throws IOException {
    List<Version> versions = versions(edits());
    for (int count = 0; count < edits().size(); count++) {
      for (CrashImage.Mode mode : CrashImage.Mode.values()) {
        for (int seed = 0; seed < 20; seed++) {
          crashDuringAppend(versions, count, new CrashImage(seed, mode));
        }
      }
    }
  }

  private void crashDuringAppend(List<Version> versions, int count, CrashImage image)
      throws IOException {
    MemoryFileSystem live = new MemoryFileSystem();
    live.createDirectories(DIRECTORY);
    Pointer durable = write(place(live), edits().subList(0, count));
    // The append's write without its sync, as a crash in between leaves it.
    MemoryFileSystem scratch = live.crash(new CrashImage(0, CrashImage.Mode.SYNCED_ONLY));
    try (Manifest manifest =
        Manifest.open(place(scratch), NUMBER, Manifest.read(place(scratch), durable))) {
      manifest.append(edits().get(count));
    }
    byte[] before = live.bytes(path());
    byte[] after = scratch.bytes(path());
    try (var file = live.open(path(), dev.varve.fs.OpenMode.READ_WRITE)) {
      file.write(
          before.length,
          java.lang.foreign.MemorySegment.ofArray(
              Arrays.copyOfRange(after, before.length, after.length)));
    }
    MemoryFileSystem crashed = live.crash(image);
    Content content = Manifest.read(place(crashed), durable);
    assertTrue(
        content.edits() == durable.edits() || content.edits() == durable.edits() + 1, "" + image);
    assertSame(versions.get((int) content.edits() - 1), content.version());
    // What comes next is written over what the crash left, and read again.
    try (Manifest manifest = Manifest.open(place(crashed), NUMBER, content)) {
      manifest.append(VersionEdit.flush(List.of(), 77));
      assertEquals(
          77, Manifest.read(place(crashed), manifest.pointer()).version().flushedThrough());
    }
  }

  @Test
  void every_flipped_bit_is_seen_or_is_in_the_last_edit() throws IOException {
    Pointer pointer = write(place(), edits());
    byte[] sound = fs.bytes(path());
    Pointer unknown = new Pointer(NUMBER, 0);
    long beforeLast = Manifest.read(place(), pointer).end() - lastFrame(sound);
    for (int bit = 0; bit < sound.length * 8; bit++) {
      byte[] damaged = sound.clone();
      damaged[bit >> 3] ^= (byte) (1 << (bit & 7));
      fs.replaceBytes(path(), damaged);
      assertThrows(VarveException.class, () -> Manifest.read(place(), pointer), "bit " + bit);
      if (bit >> 3 < beforeLast) {
        assertThrows(VarveException.class, () -> Manifest.read(place(), unknown), "bit " + bit);
      } else {
        assertEquals(6, Manifest.read(place(), unknown).edits());
      }
    }
  }

  private static int lastFrame(byte[] sound) {
    int last = 64;
    for (int at = 64; at < sound.length; ) {
      last = at;
      at += EditFrames.HEADER_BYTES + dev.varve.base.Bytes.getInt(sound, at + 4) + 7 & -8;
    }
    return sound.length - last;
  }

  @Test
  void every_truncation_and_all_noise_gives_a_typed_error() throws IOException {
    Pointer pointer = write(place(), edits());
    byte[] sound = fs.bytes(path());
    for (int length = 0; length < sound.length; length++) {
      fs.replaceBytes(path(), Arrays.copyOf(sound, length));
      VarveException e = assertThrows(VarveException.class, () -> Manifest.read(place(), pointer));
      assertTrue(e instanceof CorruptionException c && c.offset() <= sound.length, "" + e);
    }
    Random random = new Random(5);
    for (int round = 0; round < 2000; round++) {
      byte[] noise = sound.clone();
      int from = 64 + random.nextInt(sound.length - 64);
      for (int i = from; i < Math.min(sound.length, from + 40); i++) {
        noise[i] = (byte) random.nextInt();
      }
      fs.replaceBytes(path(), noise);
      try {
        assertSame(versions(edits()).getLast(), Manifest.read(place(), pointer).version());
      } catch (CorruptionException expected) {
        assertTrue(expected.offset() >= 64);
      }
    }
  }

  @Test
  void a_manifest_of_another_keyspace_number_or_store_is_refused() throws IOException {
    Pointer pointer = write(place(), edits());
    byte[] sound = fs.bytes(path());
    Place other = new Place(fs, DIRECTORY, STORE, 8);
    fs.create(DIRECTORY.resolve(StoreFileName.manifest(8, NUMBER))).close();
    fs.replaceBytes(DIRECTORY.resolve(StoreFileName.manifest(8, NUMBER)), sound);
    assertThrows(CorruptionException.class, () -> Manifest.read(other, pointer));
    Place foreign = new Place(fs, DIRECTORY, new StoreId(1, 2), 7);
    assertThrows(CorruptionException.class, () -> Manifest.read(foreign, pointer));
  }

  @Test
  void a_full_disk_changes_nothing_and_the_edit_can_be_appended_later() throws IOException {
    Place place = place();
    try (Manifest manifest = Manifest.create(place, NUMBER, Version.EMPTY, 0)) {
      fs.limit(fs.bytes(path()).length + 10L);
      assertThrows(NoSpaceException.class, () -> manifest.append(edits().getFirst()));
      assertEquals(1, Manifest.read(place, manifest.pointer()).edits());
      fs.limit(Long.MAX_VALUE);
      manifest.append(edits().getFirst());
      assertEquals(2, Manifest.read(place, manifest.pointer()).edits());
    }
  }

  @Test
  void a_sync_that_finds_no_space_is_no_full_disk_since_the_edit_may_be_there() throws IOException {
    FaultFileSystem faulty = new FaultFileSystem(fs);
    fs.createDirectories(DIRECTORY);
    Place place = new Place(faulty, DIRECTORY, STORE, 7);
    try (Manifest manifest = Manifest.create(place, NUMBER, Version.EMPTY, 0)) {
      FaultFileSystem _ =
          faulty.with(
              FaultRule.when(FaultRule.kind(FileOperation.Kind.SYNC))
                  .then(new Fault.SyncFails(SyncFailure.REPORTED_LATE, Fault.Errno.ENOSPC)));
      IOException failure =
          assertThrows(IOException.class, () -> manifest.append(edits().getFirst()));
      assertFalse(failure instanceof NoSpaceException, failure.toString());
      // As a crash may leave it.
      MemoryFileSystem crashed = fs.crash(new CrashImage(1, CrashImage.Mode.ALL));
      assertEquals(2, Manifest.read(place(crashed), manifest.pointer()).edits());
    }
  }

  @Test
  void files_are_obsolete_once_no_version_that_is_read_has_them() throws IOException {
    List<Long> obsolete = new ArrayList<>();
    try (VersionSet set = VersionSet.empty(place(), Clock.SYSTEM, obsolete::addAll)) {
      set.install(VersionEdit.flush(List.of(sstable(10, "a", "k", 5)), 5));
      VersionSet.Pin first = set.pin();
      VersionSet.Pin second = set.pin();
      set.install(
          VersionEdit.compaction(
              List.of(new Removed(0, 10)), 1, List.of(sstable(11, "a", "k", 5))));
      assertEquals(1, set.compactionEpoch());
      VersionSet.Pin third = set.pin();
      set.install(
          VersionEdit.compaction(
              List.of(new Removed(1, 11)), 2, List.of(sstable(12, "a", "k", 5))));
      first.close();
      assertEquals(List.of(), obsolete);
      third.close();
      assertEquals(List.of(11L), obsolete);
      second.close();
      assertEquals(List.of(11L, 10L), obsolete);
      assertEquals(12, set.current().level(2).getFirst().number());
    }
  }

  @Test
  void a_manifest_that_has_grown_is_replaced_and_numbers_go_on() throws IOException {
    Place place = place();
    Pointer pointer;
    long number;
    try (VersionSet set = VersionSet.empty(place, Clock.SYSTEM, numbers -> {})) {
      assertNull(set.pointer(0));
      for (int i = 0; i < 50; i++) {
        number = set.newNumber();
        set.install(VersionEdit.flush(List.of(sstable(number, "a", "b", i + 1)), i + 1));
      }
      Pointer before = set.pointer(1 << 20);
      assertNotNull(before);
      pointer = set.pointer(100);
      assertNotNull(pointer);
      assertTrue(pointer.number() > before.number());
      assertEquals(1, pointer.edits());
      number = set.newNumber();
      set.install(VersionEdit.flush(List.of(sstable(number, "a", "b", 51)), 51));
    }
    try (VersionSet set = VersionSet.open(place, pointer, Clock.SYSTEM, numbers -> {})) {
      assertEquals(51, set.current().level(0).size());
      assertTrue(set.newNumber() > number);
    }
    assertEquals(List.of(), fs.openFiles());
  }

  @Test
  void messages_name_no_key() {
    assertTrue(!sstable(1, "secret", "secrets", 1).toString().contains("secret"));
    assertEquals(0, bytes("").length);
  }
}
