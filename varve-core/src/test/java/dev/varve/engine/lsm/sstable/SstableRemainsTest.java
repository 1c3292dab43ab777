package dev.varve.engine.lsm.sstable;

import static dev.varve.engine.lsm.sstable.SstableFixture.number;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.sstable.SstableFixture.Content;
import dev.varve.engine.lsm.sstable.SstableFixture.Revision;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// What is read of damaged sstables, beside a model of what was written.
final class SstableRemainsTest {
  private static final long SEED = Long.getLong("varve.seed", 20);
  private static final List<RangeTombstone> TOMBSTONES =
      List.of(new RangeTombstone(number(3), number(9), 1000));

  private final SstableFixture fixture = new SstableFixture();
  private final SplittableRandom random = new SplittableRandom(SEED);

  private static NavigableMap<Revision, Content> entries(int count) {
    NavigableMap<Revision, Content> entries = SstableFixture.newEntries();
    SplittableRandom values = new SplittableRandom(3);
    for (int i = 0; i < count; i++) {
      byte[] value = new byte[values.nextInt(30)];
      values.nextBytes(value);
      entries.put(new Revision(number(i / 2), i + 1), new Content(Stamp.VALUE, value));
    }
    return entries;
  }

  /** What was read of a file. */
  private record Read(int entries, List<String> losses, List<String> problems, boolean ranges) {}

  /** Reads what there is; every entry of it must be one of the model's, in order. */
  private Read read(byte[] bytes, NavigableMap<Revision, Content> model, String what)
      throws IOException {
    fixture.memory.replaceBytes(fixture.environment.path(1), bytes);
    String repeat = what + "; repeat with -Dvarve.seed=" + SEED;
    SstableRemains.Owner owner =
        new SstableRemains.Owner(SstableFixture.STORE, SstableFixture.KEYSPACE, 1);
    try (SstableRemains remains =
        SstableRemains.open(fixture.fs, fixture.environment.path(1), owner)) {
      Revision before = null;
      int count = 0;
      while (remains.next()) {
        Revision revision = new Revision(remains.key(), Stamp.sequence(remains.stamp()));
        Content content = model.get(revision);
        assertNotNull(content, repeat);
        assertArrayEquals(content.value(), remains.value(), repeat);
        assertTrue(before == null || Revision.ORDER.compare(before, revision) < 0, repeat);
        before = revision;
        count++;
      }
      return new Read(
          count,
          remains.losses(),
          remains.problems(),
          remains.rangeTombstones().all().equals(TOMBSTONES)
              || remains.rangeTombstones().all().size() == TOMBSTONES.size());
    } finally {
      assertEquals(List.of(), fixture.memory.openFiles(), repeat);
    }
  }

  private byte[] written(SstableOptions options, NavigableMap<Revision, Content> model)
      throws IOException {
    SstableInfo _ = fixture.write(1, options, model, TOMBSTONES);
    return fixture.memory.bytes(fixture.environment.path(1));
  }

  private SstableFooter footer(byte[] bytes) {
    return SstableFooter.read(
        fixture.environment.path(1),
        Arrays.copyOfRange(bytes, bytes.length - SstableFooter.SIZE, bytes.length),
        dev.varve.format.Envelope.checksumOf(bytes),
        bytes.length);
  }

  private static List<SstableOptions> everyShape() {
    SstableOptions small = SstableOptions.DEFAULTS.withBlockBytes(256);
    return List.of(small, small.withCodec(BlockCodecs.LZ4), small.withFalsePositives(1));
  }

  @Test
  void a_whole_file_is_read_whole() throws IOException {
    for (SstableOptions options : everyShape()) {
      NavigableMap<Revision, Content> model = entries(300);
      Read read = read(written(options, model), model, "whole");
      assertEquals(new Read(300, List.of(), List.of(), true), read);
    }
  }

  @Test
  void any_flipped_byte_costs_one_block_of_entries_at_most_and_is_told() throws IOException {
    for (SstableOptions options : everyShape()) {
      NavigableMap<Revision, Content> model = entries(300);
      byte[] whole = written(options, model);
      SstableFooter footer = footer(whole);
      for (int at = 0; at < whole.length; at += 1 + random.nextInt(7)) {
        byte[] damaged = whole.clone();
        damaged[at] ^= (byte) random.nextInt(1, 256);
        String what = "byte " + at;
        Read read = read(damaged, model, what);
        assertFalse(read.problems.isEmpty(), what);
        boolean inData = at >= SstableFooter.DATA && at < footer.filter();
        boolean inRanges = at >= footer.tombstones() && at < footer.leaves();
        if (inData) {
          assertTrue(read.entries < 300 && read.entries > 300 - 60, what + ": " + read);
          String loss = read.losses.getFirst();
          assertTrue(loss.contains((300 - read.entries) + " of 300 entries are lost"), loss);
        } else {
          assertEquals(300, read.entries, what + ": " + read);
        }
        assertEquals(!inRanges, read.ranges, what);
        assertEquals(inData || inRanges ? 1 : 0, read.losses.size(), what + ": " + read);
      }
    }
  }

  @Test
  void either_end_may_be_lost_and_with_the_footer_any_part_but_data() throws IOException {
    for (SstableOptions options : everyShape()) {
      NavigableMap<Revision, Content> model = entries(300);
      byte[] whole = written(options, model);
      SstableFooter footer = footer(whole);
      byte[] headless = whole.clone();
      Arrays.fill(headless, 0, SstableFooter.DATA, (byte) 0);
      assertEquals(300, read(headless, model, "no head").entries);
      for (long end : new long[] {footer.properties(), footer.top(), footer.filter()}) {
        byte[] tailless = whole.clone();
        Arrays.fill(tailless, (int) end, whole.length, (byte) 0x5a);
        Read read = read(tailless, model, "no tail from " + end);
        assertEquals(300, read.entries, "no tail from " + end);
        assertEquals(end != footer.filter(), read.ranges, "no tail from " + end);
        assertEquals(end == footer.filter(), !read.losses.isEmpty(), read.toString());
      }
    }
  }

  @Test
  void of_a_cut_file_the_blocks_before_the_cut_are_read() throws IOException {
    for (SstableOptions options : everyShape()) {
      NavigableMap<Revision, Content> model = entries(300);
      byte[] whole = written(options, model);
      long dataEnd = footer(whole).filter();
      int before = 0;
      for (int length = 400; length < whole.length; length += 100) {
        Read read = read(Arrays.copyOf(whole, length), model, "cut at " + length);
        assertTrue(read.entries >= before, "cut at " + length);
        assertTrue(length < dataEnd || read.entries == 300, "cut at " + length + ": " + read);
        assertTrue(length >= dataEnd || !read.losses.isEmpty(), "cut at " + length);
        before = read.entries;
      }
      assertEquals(300, before);
    }
  }

  @Test
  void without_index_and_footer_what_lies_behind_damage_is_found() throws IOException {
    for (SstableOptions options : everyShape()) {
      NavigableMap<Revision, Content> model = entries(300);
      byte[] whole = written(options, model);
      Arrays.fill(whole, (int) footer(whole).leaves(), whole.length, (byte) 1);
      int at = SstableFooter.DATA + 700;
      whole[at] ^= 1;
      Read read = read(whole, model, "no index and a damaged block");
      assertTrue(read.entries > 300 - 60 && read.entries < 300, read.toString());
    }
  }

  @Test
  void files_of_others_and_any_bytes_are_refused_or_give_nothing_wrong() throws IOException {
    NavigableMap<Revision, Content> model = entries(100);
    byte[] whole = written(everyShape().getFirst(), model);
    SstableFixture other =
        new SstableFixture(fixture.memory, fixture.memory, new dev.varve.format.StoreId(1, 2), 1);
    SstableInfo _ = other.write(1, everyShape().getFirst(), entries(10), TOMBSTONES);
    byte[] foreign = fixture.memory.bytes(fixture.environment.path(1));
    dev.varve.base.Expect.failure(
        CorruptionException.class, () -> read(foreign, model, "foreign"), "store");
    TreeSet<String> outcomes = new TreeSet<>();
    for (int round = 0; round < 60; round++) {
      byte[] bytes = random.nextBoolean() ? new byte[random.nextInt(3000)] : whole.clone();
      int changes = random.nextInt(1, 40);
      if (bytes.length < whole.length) {
        random.nextBytes(bytes);
      }
      for (int i = 0; i < changes && bytes.length > 0; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        Read read = read(bytes, model, "round " + round);
        assertFalse(read.problems.isEmpty(), "round " + round);
        outcomes.add("read");
      } catch (CorruptionException refused) {
        outcomes.add("refused");
      }
    }
    assertEquals(List.of("read", "refused"), List.copyOf(outcomes));
  }
}
