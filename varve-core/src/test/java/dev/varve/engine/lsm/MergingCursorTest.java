package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.LsmFilesFixture.Revision;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.kv.KeyRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What cursors over several levels show, and what they read for it.
final class MergingCursorTest {
  private static final SstableOptions SMALL_BLOCKS =
      SstableOptions.DEFAULTS.withBlockBytes(256).withCodec(BlockCodecs.NONE);
  private static final long NEWEST = 1L << 40;
  private static final int KEYS_OF_FILE = 1000;

  private static List<Revision> entries(long from, long to, long sequence) {
    List<Revision> entries = new ArrayList<>();
    for (long key = from; key < to; key++) {
      entries.add(new Revision(key, sequence, Stamp.VALUE, new byte[20]));
    }
    return entries;
  }

  private static KeyRange range(long from, long to) {
    return KeyRange.of(LsmFilesFixture.key(from), LsmFilesFixture.key(to));
  }

  /** Four files of level 1, one behind the other, and one of level 0 with the keys of the last. */
  private static List<SstableMeta> writeLevels(LsmFilesFixture files) throws IOException {
    List<SstableMeta> level = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      long from = (long) i * KEYS_OF_FILE;
      level.add(files.write(entries(from, from + KEYS_OF_FILE, 1), List.of()));
    }
    files.add(1, level);
    SstableMeta newer = files.write(entries(3 * KEYS_OF_FILE, 4 * KEYS_OF_FILE, 2), List.of());
    files.add(0, List.of(newer));
    List<SstableMeta> all = new ArrayList<>(level);
    all.add(newer);
    return all;
  }

  private static void requireReads(
      LsmFilesFixture files, List<SstableMeta> all, boolean... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], files.readCount(all.get(i)) > 0, "file " + i);
    }
  }

  @Test
  void a_file_is_not_read_before_the_walk_comes_to_it() throws IOException {
    try (LsmFilesFixture files = new LsmFilesFixture(SMALL_BLOCKS)) {
      List<SstableMeta> all = writeLevels(files);
      try (MergingCursor cursor = files.cursor(KeyRange.all(), NEWEST)) {
        assertEquals(0, files.readCount());
        assertTrue(cursor.seek(LsmFilesFixture.key(KEYS_OF_FILE - 3)));
        assertEquals(1, files.readCount());
        assertTrue(cursor.next());
        assertTrue(cursor.next());
        requireReads(files, all, true, false, false, false, false);
        assertTrue(cursor.next());
        requireReads(files, all, true, true, false, false, false);
        assertTrue(cursor.seek(LsmFilesFixture.key(3 * KEYS_OF_FILE - 1)));
        requireReads(files, all, true, true, true, false, false);
        assertTrue(cursor.next());
        requireReads(files, all, true, true, true, true, true);
      }
    }
  }

  @Test
  void a_file_is_not_read_before_a_walk_back_comes_to_it() throws IOException {
    try (LsmFilesFixture files = new LsmFilesFixture(SMALL_BLOCKS)) {
      List<SstableMeta> all = writeLevels(files);
      try (MergingCursor cursor = files.cursor(KeyRange.all(), NEWEST)) {
        assertTrue(cursor.seekForPrevious(LsmFilesFixture.key(KEYS_OF_FILE + 1)));
        assertTrue(cursor.previous());
        requireReads(files, all, false, true, false, false, false);
        assertTrue(cursor.previous());
        requireReads(files, all, true, true, false, false, false);
        assertTrue(cursor.seekToLast());
        requireReads(files, all, true, true, false, true, true);
      }
    }
  }

  @Test
  void a_range_that_ends_where_a_file_ends_reads_no_other() throws IOException {
    try (LsmFilesFixture files = new LsmFilesFixture(SMALL_BLOCKS)) {
      List<SstableMeta> all = writeLevels(files);
      KeyRange second = range(KEYS_OF_FILE, 2 * KEYS_OF_FILE);
      try (MergingCursor cursor = files.cursor(second, NEWEST)) {
        long count = 0;
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          count++;
        }
        assertEquals(KEYS_OF_FILE, count);
        requireReads(files, all, false, true, false, false, false);
        for (boolean valid = cursor.seekToLast(); valid; valid = cursor.previous()) {
          count--;
        }
        assertEquals(0, count);
        requireReads(files, all, false, true, false, false, false);
        assertFalse(cursor.seek(LsmFilesFixture.key(2 * KEYS_OF_FILE)));
        assertFalse(cursor.seekForPrevious(LsmFilesFixture.key(KEYS_OF_FILE - 1)));
        requireReads(files, all, false, true, false, false, false);
      }
    }
  }

  @Test
  void a_long_walk_reads_ahead_in_growing_pieces() throws IOException {
    try (LsmFilesFixture files = new LsmFilesFixture(SMALL_BLOCKS)) {
      int count = 40_000;
      long bytes = 0;
      List<SstableMeta> level = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        long from = (long) i * count;
        level.add(files.write(entries(from, from + count, 1), List.of()));
        bytes += level.getLast().fileBytes();
      }
      files.add(1, level);
      for (boolean forward : new boolean[] {true, false}) {
        try (MergingCursor cursor = files.cursor(KeyRange.all(), NEWEST)) {
          int seen = 0;
          for (boolean valid = forward ? cursor.seekToFirst() : cursor.seekToLast();
              valid;
              valid = forward ? cursor.next() : cursor.previous()) {
            seen++;
          }
          assertEquals(2 * count, seen);
          assertEquals(256 << 10, files.longestRead());
          long most = bytes / (256 << 10) + 16;
          assertTrue(files.readCount() <= most, files.readCount() + " reads of " + bytes);
        }
      }
    }
  }

  /** What a reader sees at each sequence number is kept with the revisions that made it so. */
  private static final class Model {
    final NavigableMap<Long, List<Revision>> revisions = new TreeMap<>();
    final List<RangeTombstone> ranges = new ArrayList<>();

    NavigableMap<Long, byte[]> at(long sequence) {
      NavigableMap<Long, byte[]> seen = new TreeMap<>();
      revisions.forEach(
          (key, all) ->
              all.stream()
                  .filter(revision -> revision.sequence() <= sequence)
                  .max(Comparator.comparingLong(Revision::sequence))
                  .filter(newest -> newest.kind() == Stamp.VALUE && !isHidden(newest, sequence))
                  .ifPresent(newest -> seen.put(key, newest.value())));
      return seen;
    }

    private boolean isHidden(Revision revision, long sequence) {
      KeyRange own = range(revision.key(), revision.key() + 1);
      return ranges.stream()
          .filter(r -> r.sequence() <= sequence && r.sequence() > revision.sequence())
          .anyMatch(
              r ->
                  java.util.Arrays.compareUnsigned(r.from(), own.from()) <= 0
                      && (r.to() == null
                          || java.util.Arrays.compareUnsigned(own.from(), r.to()) < 0));
    }
  }

  private static final Comparator<Revision> ORDER =
      Comparator.comparingLong(Revision::key)
          .thenComparing(Comparator.comparingLong(Revision::sequence).reversed());

  private static final int KEYS = 300;

  /** Random entries with the sequence numbers from `sequence` on. */
  private static List<Revision> randomEntries(
      SplittableRandom random, Model model, int count, long from, long to, long sequence) {
    List<Revision> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      // Some keys have many revisions, which then stand in several blocks.
      long key =
          switch (random.nextInt(8)) {
            case 0 -> from;
            case 1, 2 -> Math.min(to - 1, from + 5);
            default -> random.nextLong(from, to);
          };
      boolean tombstone = random.nextInt(5) == 0;
      byte[] value = new byte[tombstone ? 0 : random.nextInt(40)];
      random.nextBytes(value);
      Revision revision =
          new Revision(key, sequence + i, tombstone ? Stamp.TOMBSTONE : Stamp.VALUE, value);
      entries.add(revision);
      model.revisions.computeIfAbsent(key, _ -> new ArrayList<>()).add(revision);
    }
    entries.sort(ORDER);
    return entries;
  }

  private static void fill(LsmFilesFixture files, SplittableRandom random, Model model)
      throws IOException {
    long sequence = 1;
    for (int level = 3; level >= 1; level--) {
      List<SstableMeta> sstables = new ArrayList<>();
      long from = 1L + random.nextInt(40);
      while (from < KEYS) {
        long to = from + 1 + random.nextInt(90);
        int count = 1 + random.nextInt(120);
        List<Revision> entries = randomEntries(random, model, count, from, to, sequence);
        sequence += count;
        List<RangeTombstone> ranges = new ArrayList<>();
        if (random.nextInt(3) == 0) {
          // The file's range ends with a key that the next file begins with.
          byte[] begin = LsmFilesFixture.key(Math.max(from, to - 3));
          ranges.add(new RangeTombstone(begin, LsmFilesFixture.key(to), sequence++));
          model.ranges.addAll(ranges);
        }
        sstables.add(files.write(entries, ranges));
        from = to + (random.nextBoolean() ? 0 : random.nextInt(50));
      }
      files.add(level, sstables);
    }
    for (int file = 0; file < 3; file++) {
      int count = 1 + random.nextInt(100);
      List<Revision> entries = randomEntries(random, model, count, 1, KEYS + 1, sequence);
      sequence += count;
      List<RangeTombstone> ranges = new ArrayList<>();
      if (file == 1) {
        long at = random.nextLong(1, KEYS);
        byte[] end = LsmFilesFixture.key(at + 1 + random.nextInt(30));
        ranges.add(new RangeTombstone(LsmFilesFixture.key(at), end, sequence++));
        model.ranges.addAll(ranges);
      }
      files.add(0, List.of(files.write(entries, ranges)));
    }
  }

  private static void requireStands(
      Map.Entry<Long, byte[]> expected, boolean valid, MergingCursor cursor, String where) {
    assertEquals(expected != null, valid, where);
    if (expected != null) {
      assertArrayEquals(LsmFilesFixture.key(expected.getKey()), cursor.key(), where);
      assertArrayEquals(expected.getValue(), cursor.value(), where);
      assertEquals(expected.getValue().length, cursor.valueSize(), where);
    }
  }

  @Test
  void walks_as_the_model_does_in_both_directions() throws IOException {
    long seed = Long.getLong("varve.seed", 20);
    for (int round = 0; round < 60; round++) {
      SplittableRandom random = new SplittableRandom(seed + round);
      String repeat = "repeat with -Dvarve.seed=" + (seed + round);
      try (LsmFilesFixture files = new LsmFilesFixture(SMALL_BLOCKS)) {
        Model model = new Model();
        fill(files, random, model);
        for (int walk = 0; walk < 6; walk++) {
          long sequence = walk < 3 ? NEWEST : 1 + random.nextInt(900);
          long from = random.nextLong(0, KEYS);
          long to = from + 1 + random.nextInt(KEYS);
          boolean bounded = random.nextBoolean();
          NavigableMap<Long, byte[]> seen = model.at(sequence);
          if (bounded) {
            seen = seen.subMap(from, true, to, false);
          }
          KeyRange range = bounded ? range(from, to) : KeyRange.all();
          try (MergingCursor cursor = files.cursor(range, sequence)) {
            walk(random, seen, cursor, repeat);
          }
        }
      }
    }
  }

  private static void walk(
      SplittableRandom random,
      NavigableMap<Long, byte[]> seen,
      MergingCursor cursor,
      String repeat) {
    for (int seek = 0; seek < 12; seek++) {
      long target = random.nextLong(0, KEYS + 10);
      byte[] key = LsmFilesFixture.key(target);
      int kind = random.nextInt(4);
      Map.Entry<Long, byte[]> at =
          switch (kind) {
            case 0 -> seen.firstEntry();
            case 1 -> seen.lastEntry();
            case 2 -> seen.ceilingEntry(target);
            default -> seen.floorEntry(target);
          };
      boolean valid =
          switch (kind) {
            case 0 -> cursor.seekToFirst();
            case 1 -> cursor.seekToLast();
            case 2 -> cursor.seek(key);
            default -> cursor.seekForPrevious(key);
          };
      requireStands(at, valid, cursor, repeat + ", seek " + kind + " of " + target);
      // Mostly one way, at times the other.
      boolean forward = random.nextBoolean();
      for (int step = 0; at != null && step < 40; step++) {
        forward ^= random.nextInt(8) == 0;
        long key0 = at.getKey();
        at = forward ? seen.higherEntry(key0) : seen.lowerEntry(key0);
        valid = forward ? cursor.next() : cursor.previous();
        requireStands(at, valid, cursor, repeat + ", forward " + forward + " from " + key0);
      }
    }
  }
}
