package dev.varve.engine.lsm.sstable;

import static dev.varve.engine.lsm.sstable.SstableFixture.ascii;
import static dev.varve.engine.lsm.sstable.SstableFixture.newEntries;
import static dev.varve.engine.lsm.sstable.SstableFixture.number;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Expect;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.sstable.SstableFixture.Content;
import dev.varve.engine.lsm.sstable.SstableFixture.Revision;
import dev.varve.engine.lsm.sstable.SstableProperties.RangeEnd;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// An sstable against a sorted map of its entries.
final class SstableModelTest {
  private static final long SEEDS = 300;

  private final SstableFixture fixture = new SstableFixture();

  @AfterEach
  void everything_is_given_back() {
    assertEquals(List.of(), fixture.memory.openFiles());
    fixture.cache.close();
    assertEquals(0, fixture.budget.used());
  }

  private static void compare(SstableCursor cursor, Map.Entry<Revision, Content> expected) {
    assertEquals(expected != null, cursor.isValid());
    if (expected != null) {
      assertArrayEquals(expected.getKey().key(), cursor.key());
      assertEquals(expected.getKey().sequence(), cursor.sequence());
      assertEquals(expected.getValue().kind(), cursor.kind());
      assertArrayEquals(expected.getValue().value(), cursor.value());
      assertEquals(expected.getValue().value().length, cursor.valueLength());
    }
  }

  private static void walk(SstableCursor cursor, NavigableMap<Revision, Content> entries)
      throws IOException {
    cursor.seekToFirst();
    for (var entry : entries.entrySet()) {
      compare(cursor, entry);
      cursor.next();
    }
    assertFalse(cursor.isValid());
    cursor.seekToLast();
    for (var entry : entries.descendingMap().entrySet()) {
      compare(cursor, entry);
      cursor.previous();
    }
    assertFalse(cursor.isValid());
  }

  /** Keys of the entries, and what lies just before, behind and between them. */
  private static List<byte[]> probes(NavigableMap<Revision, Content> entries) {
    TreeSet<byte[]> probes = new TreeSet<>(Arrays::compareUnsigned);
    for (Revision revision : entries.keySet()) {
      byte[] key = revision.key();
      probes.add(key);
      probes.add(Arrays.copyOf(key, Math.min(key.length + 1, 1 << 16)));
      if (key.length > 1) {
        probes.add(Arrays.copyOf(key, key.length - 1));
      }
      byte[] before = key.clone();
      before[key.length - 1]--;
      probes.add(before);
    }
    probes.add(new byte[] {0});
    probes.add(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1});
    return new ArrayList<>(probes);
  }

  private static void seekAround(
      SstableReader reader, NavigableMap<Revision, Content> entries, SplittableRandom random)
      throws IOException {
    SstableLookup lookup = new SstableLookup();
    try (SstableCursor cursor = reader.cursor()) {
      for (byte[] key : probes(entries)) {
        long near = entries.isEmpty() ? 5 : nearSequence(entries, key, random);
        for (long sequence : new long[] {Stamp.SEQUENCE_MAX, near, near + 1, near - 1, 1}) {
          if (sequence < 1 || sequence > Stamp.SEQUENCE_MAX) {
            continue;
          }
          Revision at = new Revision(key, sequence);
          var first = entries.ceilingEntry(at);
          boolean expected = first != null && Arrays.equals(first.getKey().key(), key);
          assertEquals(expected, reader.get(key, sequence, lookup));
          if (expected) {
            assertEquals(first.getKey().sequence(), lookup.sequence());
            assertEquals(first.getValue().kind(), lookup.kind());
            assertArrayEquals(first.getValue().value(), lookup.value());
            assertTrue(reader.mayContain(key));
          }
          assertEquals(first != null, cursor.seek(key, sequence));
          compare(cursor, first);
          turn(cursor, entries, first, random);
          var last = entries.floorEntry(at);
          assertEquals(last != null, cursor.seekForPrevious(key, sequence));
          compare(cursor, last);
          turn(cursor, entries, last, random);
        }
        var oldest = entries.floorEntry(new Revision(key, 0));
        assertEquals(oldest != null, cursor.seekForPrevious(key, 0));
        compare(cursor, oldest);
      }
    }
  }

  private static long nearSequence(
      NavigableMap<Revision, Content> entries, byte[] key, SplittableRandom random) {
    var own =
        entries
            .subMap(new Revision(key, Stamp.SEQUENCE_MAX), true, new Revision(key, 0), true)
            .keySet()
            .toArray(Revision[]::new);
    return own.length == 0 ? 7 : own[random.nextInt(own.length)].sequence();
  }

  /** A few steps in both directions from where the cursor stands. */
  private static void turn(
      SstableCursor cursor,
      NavigableMap<Revision, Content> entries,
      Map.Entry<Revision, Content> from,
      SplittableRandom random)
      throws IOException {
    var at = from;
    for (int i = random.nextInt(4); i > 0 && at != null; i--) {
      if (random.nextBoolean()) {
        at = entries.higherEntry(at.getKey());
        assertEquals(at != null, cursor.next());
      } else {
        at = entries.lowerEntry(at.getKey());
        assertEquals(at != null, cursor.previous());
      }
      compare(cursor, at);
    }
  }

  private void check(
      long number,
      SstableOptions options,
      NavigableMap<Revision, Content> entries,
      List<RangeTombstone> tombstones,
      SplittableRandom random)
      throws IOException {
    SstableInfo written = fixture.write(number, options, entries, tombstones);
    SstableReader reader = SstableReader.open(fixture.environment, written, options);
    try {
      assertEquals(written, reader.info());
      assertEquals(fixture.memory.bytes(fixture.environment.path(number)).length, written.size());
      SstableProperties properties = written.properties();
      assertEquals(entries.size(), properties.entries());
      assertEquals(tombstones.size(), properties.rangeTombstones());
      assertEquals(tombstones.size(), reader.rangeTombstones().all().size());
      assertEquals(
          entries.keySet().stream().map(r -> Arrays.toString(r.key())).distinct().count(),
          properties.keys());
      assertEquals(
          entries.values().stream().filter(c -> c.kind() == Stamp.TOMBSTONE).count(),
          properties.tombstones());
      try (SstableCursor cursor = reader.cursor()) {
        walk(cursor, entries);
        walk(cursor, entries);
      }
      try (SstableCursor cursor = reader.scanCursor()) {
        walk(cursor, entries);
      }
      seekAround(reader, entries, random);
      reader.verify();
    } finally {
      reader.release();
    }
  }

  @Test
  void a_file_answers_as_a_sorted_map_does() throws IOException {
    for (long seed = 0; seed < SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try {
        int count = 1 << random.nextInt(9);
        check(
            seed + 1,
            SstableFixture.options(random),
            SstableFixture.entries(random, random.nextInt(count) + 1),
            SstableFixture.tombstones(random, random.nextInt(5)),
            random);
      } catch (Throwable failure) {
        throw new AssertionError(
            "seed " + seed + ": mvn test -pl varve-bom,varve-core -Dtest=SstableModelTest",
            failure);
      }
    }
  }

  @Test
  void many_revisions_of_one_key_span_blocks_and_leaves() throws IOException {
    for (int resident : new int[] {0, 1 << 20}) {
      NavigableMap<Revision, Content> entries = newEntries();
      entries.put(new Revision(ascii("a"), 5000), new Content(Stamp.VALUE, new byte[10]));
      for (int i = 1; i <= 2000; i++) {
        entries.put(new Revision(ascii("key"), 2L * i), new Content(Stamp.VALUE, number(i)));
      }
      entries.put(new Revision(ascii("kez"), 1), new Content(Stamp.VALUE, new byte[10]));
      check(
          100 + resident,
          SstableOptions.DEFAULTS.withBlockBytes(128).withResidentBytes(resident),
          entries,
          List.of(),
          new SplittableRandom(1));
      SstableReader reader =
          fixture.open(100 + resident, SstableOptions.DEFAULTS.withResidentBytes(resident));
      try {
        SstableLookup lookup = new SstableLookup();
        for (long sequence = 1; sequence <= 4001; sequence++) {
          assertEquals(sequence >= 2, reader.get(ascii("key"), sequence, lookup));
          assertEquals(sequence < 2 ? 0 : sequence / 2 * 2, sequence < 2 ? 0 : lookup.sequence());
        }
      } finally {
        reader.release();
      }
    }
  }

  @Test
  void a_file_may_have_range_tombstones_alone() throws IOException {
    List<RangeTombstone> tombstones =
        List.of(
            new RangeTombstone(ascii("b"), ascii("m"), 9),
            new RangeTombstone(ascii("b"), ascii("c"), 3),
            new RangeTombstone(ascii("d"), ascii("e"), 12));
    check(1, SstableOptions.DEFAULTS, newEntries(), tombstones, new SplittableRandom(1));
    SstableReader reader = fixture.open(1, SstableOptions.DEFAULTS);
    try {
      RangeTombstones all = reader.rangeTombstones();
      assertEquals(0, all.covering(ascii("a"), 100));
      assertEquals(9, all.covering(ascii("b"), 100));
      assertEquals(3, all.covering(ascii("bx"), 8));
      assertEquals(0, all.covering(ascii("c"), 8));
      assertEquals(12, all.covering(ascii("d"), 100));
      assertEquals(9, all.covering(ascii("d"), 11));
      assertEquals(9, all.covering(ascii("e"), 100));
      assertEquals(0, all.covering(ascii("m"), 100));
      SstableProperties properties = reader.info().properties();
      assertArrayEquals(ascii("b"), properties.smallestKey());
      assertArrayEquals(ascii("m"), properties.largestKey());
      assertEquals(RangeEnd.EXCLUSIVE, properties.largestEnd());
      assertTrue(properties.mayConcern(ascii("lzz")));
      assertFalse(properties.mayConcern(ascii("m")));
      assertFalse(properties.mayConcern(ascii("a")));
      assertFalse(reader.get(ascii("b"), 100, new SstableLookup()));
    } finally {
      reader.release();
    }
    SstableWriter nothing = new SstableWriter(fixture.environment, 2, SstableOptions.DEFAULTS);
    try (nothing) {
      assertThrows(IllegalStateException.class, nothing::finish);
    }
    assertFalse(fixture.memory.exists(fixture.environment.path(2)));
  }

  @Test
  void range_tombstones_cover_as_each_of_them_says() throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<RangeTombstone> tombstones = SstableFixture.tombstones(random, 40);
      RangeTombstones all = new RangeTombstones(tombstones);
      for (int key = 0; key < 101; key++) {
        for (long sequence = 0; sequence <= 100; sequence += 9) {
          long expected = 0;
          for (RangeTombstone tombstone : tombstones) {
            byte[] to = tombstone.to();
            if (tombstone.sequence() <= sequence
                && Bytes.compare(tombstone.from(), number(key)) <= 0
                && (to == null || Bytes.compare(number(key), to) < 0)) {
              expected = Math.max(expected, tombstone.sequence());
            }
          }
          assertEquals(expected, all.covering(number(key), sequence), "seed " + seed);
        }
      }
    }
  }

  @Test
  void the_range_of_a_file_takes_in_its_range_tombstones() throws IOException {
    NavigableMap<Revision, Content> entries = newEntries();
    entries.put(new Revision(ascii("g"), 5), new Content(Stamp.VALUE, new byte[1]));
    entries.put(new Revision(ascii("k"), 5), new Content(Stamp.VALUE, new byte[1]));
    assertRange(entries, null, null, "g", "k", RangeEnd.INCLUSIVE);
    assertRange(entries, "a", "b", "a", "k", RangeEnd.INCLUSIVE);
    assertRange(entries, "a", "k", "a", "k", RangeEnd.INCLUSIVE);
    assertRange(entries, "h", "m", "g", "m", RangeEnd.EXCLUSIVE);
    assertRange(entries, "h", null, "g", "k", RangeEnd.NONE);
    assertRange(entries, "p", null, "g", "p", RangeEnd.NONE);
  }

  private void assertRange(
      NavigableMap<Revision, Content> entries,
      String from,
      String to,
      String smallest,
      String largest,
      RangeEnd end)
      throws IOException {
    List<RangeTombstone> tombstones =
        from == null
            ? List.of()
            : List.of(new RangeTombstone(ascii(from), to == null ? null : ascii(to), 9));
    SstableProperties properties =
        fixture.write(1, SstableOptions.DEFAULTS, entries, tombstones).properties();
    assertArrayEquals(ascii(smallest), properties.smallestKey());
    assertArrayEquals(ascii(largest), properties.largestKey());
    assertEquals(end, properties.largestEnd());
    assertEquals(from == null ? 5 : 9, properties.largestSequence());
    assertEquals(5, properties.smallestSequence());
  }

  @Test
  void the_longest_keys_and_huge_values_have_their_place() throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    for (int codec : new int[] {BlockCodecs.NONE, BlockCodecs.LZ4}) {
      NavigableMap<Revision, Content> entries = newEntries();
      byte[] longest = new byte[1 << 16];
      random.nextBytes(longest);
      for (int i = 0; i < 20; i++) {
        byte[] key = longest.clone();
        key[key.length - 1 - i * 3000] ^= 1;
        entries.put(new Revision(key, 9), new Content(Stamp.VALUE, new byte[100]));
        entries.put(new Revision(key, 7), new Content(Stamp.TOMBSTONE, new byte[0]));
      }
      byte[] huge = new byte[3_000_000];
      random.nextBytes(huge);
      entries.put(new Revision(ascii("huge"), 3), new Content(Stamp.VALUE, huge));
      entries.put(new Revision(ascii("huge"), 2), new Content(Stamp.VALUE, new byte[400_000]));
      entries.put(new Revision(ascii("i"), 2), new Content(Stamp.VALUE, new byte[0]));
      for (int block : new int[] {64, 4096, 1 << 20}) {
        SstableOptions options = SstableOptions.DEFAULTS.withCodec(codec).withBlockBytes(block);
        check(block + codec, options, entries, List.of(), random);
      }
    }
  }

  @Test
  void groups_of_every_size_are_searched_right() throws IOException {
    for (int count = 1; count <= 70; count++) {
      NavigableMap<Revision, Content> entries = newEntries();
      for (int i = 0; i < count; i++) {
        byte[] key =
            count % 2 == 0
                ? number(1000L + 2L * i)
                : ascii("prefix" + (1000 + i) + "x".repeat(i % 5));
        entries.put(new Revision(key, 40), new Content(Stamp.VALUE, new byte[i % 3]));
      }
      SstableOptions options = SstableOptions.DEFAULTS.withBlockBytes(1 << 20);
      check(count, options, entries, List.of(), new SplittableRandom(count));
    }
  }

  @Test
  void what_is_out_of_order_or_no_entry_is_refused() throws IOException {
    try (SstableWriter writer =
        new SstableWriter(fixture.environment, 1, SstableOptions.DEFAULTS)) {
      writer.add(ascii("b"), 5, Stamp.VALUE, new byte[1]);
      Class<IllegalArgumentException> refused = IllegalArgumentException.class;
      byte[] none = new byte[0];
      assertThrows(refused, () -> writer.add(ascii("a"), 9, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(ascii("b"), 5, Stamp.TOMBSTONE, none));
      assertThrows(refused, () -> writer.add(ascii("b"), 6, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(none, 6, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(new byte[65537], 6, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(ascii("c"), 0, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(ascii("c"), 1L << 55, Stamp.VALUE, none));
      assertThrows(refused, () -> writer.add(ascii("c"), 1, 3, none));
      assertThrows(refused, () -> writer.add(ascii("c"), 1, Stamp.TOMBSTONE, new byte[1]));
      writer.addRangeTombstone(new RangeTombstone(ascii("d"), null, 5));
      assertThrows(
          refused, () -> writer.addRangeTombstone(new RangeTombstone(ascii("c"), null, 5)));
      assertThrows(
          refused, () -> writer.addRangeTombstone(new RangeTombstone(ascii("e"), ascii("e"), 5)));
      assertEquals(2, writer.count());
    }
    assertEquals(List.of(), fixture.memory.list(SstableFixture.DIRECTORY));
  }

  @Test
  void the_content_is_the_sum_of_the_entries_wherever_they_are() throws IOException {
    SplittableRandom random = new SplittableRandom(6);
    NavigableMap<Revision, Content> entries = SstableFixture.entries(random, 500);
    Revision middle = entries.keySet().stream().skip(entries.size() / 2).findFirst().orElseThrow();
    long whole =
        fixture.write(1, SstableOptions.DEFAULTS, entries, List.of()).properties().content();
    long head =
        fixture
            .write(2, SstableOptions.DEFAULTS, entries.headMap(middle, false), List.of())
            .properties()
            .content();
    long tail =
        fixture
            .write(3, SstableOptions.DEFAULTS, entries.tailMap(middle, true), List.of())
            .properties()
            .content();
    assertEquals(whole, head + tail);
  }

  @Test
  void a_file_is_closed_with_its_last_reference() throws IOException {
    NavigableMap<Revision, Content> entries = SstableFixture.entries(new SplittableRandom(1), 9);
    SstableInfo info = fixture.write(1, SstableOptions.DEFAULTS, entries, List.of());
    SstableReader reader = fixture.open(1, SstableOptions.DEFAULTS);
    assertTrue(fixture.budget.used() > fixture.cache.bytes());
    SstableCursor cursor = reader.cursor();
    assertTrue(reader.acquire());
    reader.release();
    reader.release();
    assertTrue(cursor.seekToFirst());
    cursor.close();
    cursor.close();
    assertEquals(List.of(), fixture.memory.openFiles());
    assertEquals(0, fixture.cache.stats().blocks());
    assertFalse(reader.acquire());
    assertThrows(IllegalStateException.class, cursor::seekToFirst);
    assertThrows(IllegalStateException.class, cursor::next);
    assertThrows(IllegalStateException.class, reader::cursor);
    assertThrows(IllegalStateException.class, () -> reader.get(ascii("a"), 1, new SstableLookup()));
    SstableInfo other = new SstableInfo(1, info.size(), info.seed() + 1, 0, info.properties());
    Expect.failure(
        CorruptionException.class,
        () -> SstableReader.open(fixture.environment, other, SstableOptions.DEFAULTS),
        "seed");
    assertNotNull(info.properties().toString());
  }

  @Test
  void blocks_are_read_from_the_device_once() throws IOException {
    NavigableMap<Revision, Content> entries = newEntries();
    for (int i = 0; i < 5000; i++) {
      entries.put(new Revision(number(i), 1), new Content(Stamp.VALUE, new byte[50]));
    }
    fixture.write(1, SstableOptions.DEFAULTS, entries, List.of());
    SstableReader reader = fixture.open(1, SstableOptions.DEFAULTS);
    try {
      SstableLookup lookup = new SstableLookup();
      for (int round = 0; round < 2; round++) {
        for (Revision revision : entries.keySet()) {
          assertTrue(reader.get(revision.key(), 1, lookup));
        }
      }
      assertEquals(
          reader.info().properties().dataBlocks(), fixture.cache.stats().misses(), "one a block");
      long before = fixture.cache.stats().insertions();
      try (SstableCursor cursor = reader.scanCursor()) {
        walk(cursor, entries);
      }
      assertEquals(before, fixture.cache.stats().insertions());
    } finally {
      reader.release();
    }
    assertNull(fixture.cache.get(1, 64));
  }
}
