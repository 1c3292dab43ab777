package dev.varve.engine.lsm.sstable;

import static dev.varve.engine.lsm.sstable.SstableFixture.ascii;
import static dev.varve.engine.lsm.sstable.SstableFixture.newEntries;
import static dev.varve.engine.lsm.sstable.SstableFixture.number;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Expect;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.sstable.SstableFixture.Content;
import dev.varve.engine.lsm.sstable.SstableFixture.Revision;
import dev.varve.format.Envelope;
import dev.varve.format.StoreId;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Whatever becomes of its bytes, an sstable gives the right answers or says what is wrong with it.
final class SstableDamageTest {
  private static final int DATA = SstableFooter.DATA;
  private static final SstableOptions SMALL = SstableOptions.DEFAULTS.withBlockBytes(128);

  private final SstableFixture fixture = new SstableFixture();

  private static NavigableMap<Revision, Content> small() {
    NavigableMap<Revision, Content> entries = newEntries();
    for (int i = 0; i < 24; i++) {
      byte[] key = ascii("key" + (10 + i / 2));
      Content content =
          i % 5 == 4
              ? new Content(Stamp.TOMBSTONE, new byte[0])
              : new Content(Stamp.VALUE, ascii("valuevalue" + i));
      entries.put(new Revision(key, 50 - i), content);
    }
    return entries;
  }

  private static final List<RangeTombstone> TOMBSTONES =
      List.of(new RangeTombstone(ascii("key12"), ascii("key14"), 60));

  /** Reads everything in every way; what it gives must be what was written. */
  private void readAll(long number, SstableOptions options, NavigableMap<Revision, Content> entries)
      throws IOException {
    SstableReader reader = fixture.open(number, options);
    try {
      try (SstableCursor cursor = reader.cursor()) {
        int count = 0;
        cursor.seekToFirst();
        for (var entry : entries.entrySet()) {
          assertTrue(cursor.isValid(), "entries are missing");
          assertArrayEquals(entry.getKey().key(), cursor.key());
          assertEquals(entry.getKey().sequence(), cursor.sequence());
          assertEquals(entry.getValue().kind(), cursor.kind());
          assertArrayEquals(entry.getValue().value(), cursor.value());
          cursor.next();
          count++;
        }
        assertFalse(cursor.isValid(), () -> "more entries than there were");
        assertEquals(entries.size(), count);
      }
      SstableLookup lookup = new SstableLookup();
      for (var entry : entries.entrySet()) {
        assertTrue(reader.get(entry.getKey().key(), entry.getKey().sequence(), lookup));
        assertEquals(entry.getKey().sequence(), lookup.sequence());
        assertArrayEquals(entry.getValue().value(), lookup.value());
      }
      assertEquals(TOMBSTONES.size(), reader.rangeTombstones().all().size());
      assertEquals(60, reader.rangeTombstones().covering(ascii("key13"), 100));
      reader.verify();
    } finally {
      reader.release();
    }
  }

  /** Answers whether the damage was seen; anything but a right answer or a report fails. */
  private boolean seen(
      long number,
      byte[] bytes,
      SstableOptions options,
      NavigableMap<Revision, Content> entries,
      String what)
      throws IOException {
    Path path = fixture.environment.path(number);
    fixture.memory.replaceBytes(path, bytes);
    try {
      readAll(number, options, entries);
      return false;
    } catch (CorruptionException damage) {
      assertEquals(path, damage.file(), what);
      assertTrue(damage.offset() >= 0 && damage.offset() <= bytes.length, what);
      return true;
    } catch (FormatException format) {
      assertEquals(path, format.file(), what);
      return true;
    } catch (Throwable other) {
      throw new AssertionError(what, other);
    } finally {
      assertEquals(List.of(), fixture.memory.openFiles(), what);
    }
  }

  @Test
  void every_flipped_bit_of_a_small_file_is_seen() throws IOException {
    for (int codec : new int[] {BlockCodecs.NONE, BlockCodecs.LZ4}) {
      for (int resident : new int[] {0, 1 << 20}) {
        SstableOptions options = SMALL.withCodec(codec).withResidentBytes(resident);
        fixture.write(1, options, small(), TOMBSTONES);
        byte[] whole = fixture.memory.bytes(fixture.environment.path(1));
        assertFalse(seen(1, whole, options, small(), "whole"));
        for (int bit = 0; bit < 8 * whole.length; bit++) {
          byte[] damaged = whole.clone();
          damaged[bit / 8] ^= (byte) (1 << bit % 8);
          String what = "bit " + bit + ", " + options;
          assertTrue(seen(1, damaged, options, small(), what), what);
        }
      }
    }
  }

  @Test
  void a_file_of_another_length_is_seen() throws IOException {
    fixture.write(1, SMALL, small(), TOMBSTONES);
    byte[] whole = fixture.memory.bytes(fixture.environment.path(1));
    for (int length = 0; length < whole.length + 70; length++) {
      if (length != whole.length) {
        String what = "length " + length;
        assertTrue(seen(1, Arrays.copyOf(whole, length), SMALL, small(), what), what);
      }
    }
    byte[] shifted = new byte[whole.length + 1];
    System.arraycopy(whole, 0, shifted, 1, whole.length);
    assertTrue(seen(1, shifted, SMALL, small(), "shifted"));
    byte[] cut = whole.clone();
    System.arraycopy(whole, 100, cut, SstableFooter.DATA, whole.length - 100);
    assertTrue(seen(1, cut, SMALL, small(), "moved up"));
  }

  @Test
  void flipped_bytes_of_a_large_file_are_seen() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    NavigableMap<Revision, Content> entries = newEntries();
    for (int i = 0; i < 3000; i++) {
      byte[] value = new byte[random.nextInt(80)];
      random.nextBytes(value);
      entries.put(new Revision(number(i * 77L), i + 1), new Content(Stamp.VALUE, value));
    }
    for (int resident : new int[] {0, 1 << 20}) {
      SstableOptions options = SstableOptions.DEFAULTS.withResidentBytes(resident);
      fixture.write(1, options, entries, TOMBSTONES);
      byte[] whole = fixture.memory.bytes(fixture.environment.path(1));
      for (int i = 0; i < 400; i++) {
        byte[] damaged = whole.clone();
        int at = random.nextInt(whole.length);
        damaged[at] ^= (byte) random.nextInt(1, 256);
        String what = "byte " + at + ", resident " + resident;
        assertTrue(seen(1, damaged, options, entries, what), what);
      }
    }
  }

  /** Files of equal shape whose data blocks all have one size. */
  private byte[] uniform(long number, int salt) throws IOException {
    NavigableMap<Revision, Content> entries = uniformEntries(salt);
    fixture.write(number, SMALL.withFalsePositives(1), entries, TOMBSTONES);
    return fixture.memory.bytes(fixture.environment.path(number));
  }

  private static NavigableMap<Revision, Content> uniformEntries(int salt) {
    NavigableMap<Revision, Content> entries = newEntries();
    for (int i = 0; i < 64; i++) {
      entries.put(new Revision(number(i), 9), new Content(Stamp.VALUE, number(i * 1000L + salt)));
    }
    return entries;
  }

  private long blockSize(long number) throws IOException {
    SstableReader reader = fixture.open(number, SMALL);
    try (SstableCursor cursor = reader.cursor()) {
      cursor.seekToFirst();
      while (cursor.blockOffset() == SstableFooter.DATA) {
        cursor.next();
      }
      return cursor.blockOffset() - SstableFooter.DATA;
    } finally {
      reader.release();
    }
  }

  @Test
  void blocks_in_each_others_place_are_seen() throws IOException {
    byte[] first = uniform(1, 0);
    byte[] second = uniform(2, 1);
    int size = (int) blockSize(1);
    assertEquals(size, blockSize(2));
    NavigableMap<Revision, Content> entries = uniformEntries(0);
    SstableOptions options = SMALL.withFalsePositives(1);
    assertFalse(seen(1, first, options, entries, "whole"));
    byte[] swapped = first.clone();
    System.arraycopy(first, SstableFooter.DATA, swapped, SstableFooter.DATA + size, size);
    System.arraycopy(first, SstableFooter.DATA + size, swapped, SstableFooter.DATA, size);
    assertTrue(seen(1, swapped, options, entries, "two blocks of one file"));
    byte[] foreign = first.clone();
    System.arraycopy(second, SstableFooter.DATA, foreign, SstableFooter.DATA, size);
    assertTrue(seen(1, foreign, options, entries, "a block of another file"));
  }

  @Test
  void an_older_edition_of_a_file_is_seen() throws IOException {
    byte[] older = uniform(1, 0);
    SstableInfo known =
        fixture.write(1, SMALL.withFalsePositives(1), uniformEntries(1), TOMBSTONES);
    byte[] newer = fixture.memory.bytes(fixture.environment.path(1));
    assertEquals(older.length, newer.length);
    int size = (int) blockSize(1);
    byte[] mixed = newer.clone();
    System.arraycopy(older, SstableFooter.DATA, mixed, SstableFooter.DATA, size);
    assertTrue(seen(1, mixed, SMALL, uniformEntries(1), "a block of an older edition"));
    byte[] tail = older.clone();
    System.arraycopy(newer, SstableFooter.DATA, tail, SstableFooter.DATA, older.length / 2);
    assertTrue(seen(1, tail, SMALL, uniformEntries(1), "half an older edition"));
    fixture.memory.replaceBytes(fixture.environment.path(1), older);
    assertThrows(
        CorruptionException.class, () -> SstableReader.open(fixture.environment, known, SMALL));
    assertEquals(List.of(), fixture.memory.openFiles());
  }

  @Test
  void a_file_in_the_wrong_place_is_seen() throws IOException {
    byte[] bytes = uniform(1, 0);
    assertTrue(seen(2, bytes, SMALL, uniformEntries(0), "under another number"));
    SstableFixture other = new SstableFixture(fixture.memory, fixture.memory, new StoreId(1, 2), 1);
    other.write(3, SMALL, uniformEntries(0), TOMBSTONES);
    byte[] foreign = fixture.memory.bytes(fixture.environment.path(3));
    assertTrue(seen(3, foreign, SMALL, uniformEntries(0), "of another store"));
    byte[] mixed = uniform(3, 0);
    System.arraycopy(foreign, SstableFooter.DATA, mixed, SstableFooter.DATA, (int) blockSize(3));
    assertTrue(seen(3, mixed, SMALL, uniformEntries(0), "a block of another store"));
  }

  @Test
  void an_unknown_codec_is_named() throws IOException {
    byte[] bytes = uniform(1, 0);
    int size = (int) blockSize(1);
    BlockSeal seal =
        new BlockSeal(
            Bytes.getLong(bytes, bytes.length - SstableFooter.SIZE), Envelope.checksumOf(bytes));
    int payload = size - BlockSeal.BYTES;
    int end = DATA + payload;
    seal.write(bytes, DATA, end, BlockCodecs.ZSTD, payload, BlockType.DATA, DATA);
    fixture.memory.replaceBytes(fixture.environment.path(1), bytes);
    Expect.failure(
        FormatException.class,
        () -> readAll(1, SMALL, uniformEntries(0)),
        "zstd (2)",
        "byte " + DATA,
        "ks-3-1.sst");
    // Under a sound seal a length that no block of this size can have asks for no memory.
    seal.write(bytes, DATA, end, BlockCodecs.LZ4, Integer.MAX_VALUE - 100, BlockType.DATA, DATA);
    assertTrue(seen(1, bytes, SMALL, uniformEntries(0), "a giant"));
  }

  /// Blocks whose seal is right and whose content is not: what a defect of a writer would leave.
  @Test
  void any_content_under_a_right_seal_gives_an_answer() throws IOException {
    anyContent(uniform(1, 0));
    NavigableMap<Revision, Content> entries = newEntries();
    for (int i = 0; i < 40; i++) {
      byte[] value = new byte[i % 7];
      entries.put(new Revision(ascii("k" + "x".repeat(i % 3) + i), i + 1), new Content(1, value));
    }
    fixture.write(1, SMALL.withFalsePositives(1), entries, TOMBSTONES);
    anyContent(fixture.memory.bytes(fixture.environment.path(1)));
  }

  private void anyContent(byte[] whole) throws IOException {
    int size = (int) blockSize(1);
    SplittableRandom random = new SplittableRandom(8);
    BlockSeal seal =
        new BlockSeal(
            Bytes.getLong(whole, whole.length - SstableFooter.SIZE), Envelope.checksumOf(whole));
    int end = DATA + size - BlockSeal.BYTES;
    int refused = 0;
    for (int i = 0; i < 40_000; i++) {
      byte[] bytes = whole.clone();
      for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
        int at =
            random.nextInt(3) == 0 ? random.nextInt(DATA, end) : random.nextInt(DATA, DATA + 40);
        bytes[at] = (byte) random.nextInt(256);
      }
      seal.write(bytes, DATA, end, BlockCodecs.NONE, end - DATA, BlockType.DATA, DATA);
      fixture.memory.replaceBytes(fixture.environment.path(1), bytes);
      SstableReader reader = fixture.open(1, SMALL);
      try (SstableCursor cursor = reader.cursor()) {
        SstableLookup lookup = new SstableLookup();
        boolean _ = reader.get(number(3), 9, lookup);
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          assertTrue(cursor.value().length <= size);
        }
      } catch (CorruptionException damage) {
        refused++;
      } catch (Throwable other) {
        throw new AssertionError("round " + i, other);
      } finally {
        reader.release();
      }
    }
    assertTrue(refused > 0);
  }

  @Test
  void bits_that_flip_on_the_way_from_the_device_are_seen() throws IOException {
    FaultFileSystem faults = new FaultFileSystem(fixture.memory);
    SstableFixture faulty = new SstableFixture(fixture.memory, faults, SstableFixture.STORE, 1);
    faulty.write(1, SMALL, small(), TOMBSTONES);
    SstableReader reader = faulty.open(1, SMALL);
    try {
      faults.with(
          FaultRule.when(FaultRule.kind(FileOperation.Kind.READ)).then(new Fault.BitFlip(20)));
      try (SstableCursor cursor = reader.cursor()) {
        assertThrows(CorruptionException.class, cursor::seekToFirst);
        assertFalse(cursor.isValid());
        faults.heal();
        assertTrue(cursor.seekToFirst(), "what failed was not kept");
      }
    } finally {
      reader.release();
    }
  }

  @Test
  void a_write_that_fails_leaves_no_file() throws IOException {
    SstableOptions options = SMALL;
    int i = 0;
    for (boolean failed = true; failed; i++) {
      FaultFileSystem faults = new FaultFileSystem(fixture.memory);
      faults.with(FaultRule.when(FaultRule.index(i)).then(new Fault.Refused(Fault.Errno.EIO)));
      failed =
          failsOnce(new SstableFixture(fixture.memory, faults, SstableFixture.STORE, 1), options);
      List<String> left = fixture.memory.list(SstableFixture.DIRECTORY);
      assertEquals(failed ? List.of() : List.of("ks-3-1.sst"), left, "operation " + i);
      assertEquals(List.of(), fixture.memory.openFiles(), "operation " + i);
    }
    assertTrue(i > 6, "there were " + i + " operations");
  }

  private static boolean failsOnce(SstableFixture faulty, SstableOptions options) {
    try {
      SstableInfo _ = faulty.write(1, options, small(), TOMBSTONES);
      return false;
    } catch (IOException expected) {
      return true;
    }
  }

  @Test
  void a_read_that_fails_is_told_and_leaves_no_open_file() throws IOException {
    fixture.write(1, SMALL, small(), TOMBSTONES);
    int i = 0;
    for (boolean failed = true; failed; i++) {
      FaultFileSystem faults = new FaultFileSystem(fixture.memory);
      faults.with(FaultRule.when(FaultRule.index(i)).then(new Fault.Refused(Fault.Errno.EIO)));
      SstableFixture faulty = new SstableFixture(fixture.memory, faults, SstableFixture.STORE, 1);
      failed = false;
      try {
        SstableReader reader = faulty.open(1, SMALL);
        try {
          reader.verify();
        } finally {
          reader.release();
        }
      } catch (IOException expected) {
        failed = true;
      }
      assertEquals(List.of(), fixture.memory.openFiles(), "operation " + i);
    }
    assertTrue(i > 5, "there were " + i + " operations");
  }

  @Test
  void a_full_device_leaves_no_file() throws IOException {
    MemoryFileSystem memory = SstableFixture.newMemory();
    SstableFixture full = new SstableFixture(memory);
    memory.limit(500);
    assertThrows(IOException.class, () -> full.write(1, SMALL, small(), TOMBSTONES));
    assertEquals(List.of(), memory.list(SstableFixture.DIRECTORY));
    assertEquals(List.of(), memory.openFiles());
  }
}
