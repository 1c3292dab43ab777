package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.varve.Varve;
import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.base.Expect;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FormatException;
import dev.varve.kv.ImportMode;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.VarveException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A small export, damaged at every byte: each damage is told, with the place where it shows, and a
/// store that was to take it is as it was.
final class ExportDamageTest {
  private static final Path NAME = Path.of("backup.varve");

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] small() {
    try (Store store = Varve.inMemory()) {
      for (EngineKind engine : EngineKind.values()) {
        var keyspace = store.keyspace("of " + engine, KeyspaceOptions.of(engine));
        for (int i = 0; i < 3; i++) {
          keyspace.put(b("key " + i), b("value " + i));
        }
      }
      return ExportTest.export(store);
    }
  }

  private static void take(Store store, byte[] export) {
    var _ =
        store.importFrom(
            new ByteArrayInputStream(export), NAME, ImportMode.INTO_EMPTY, ProgressListener.NONE);
  }

  private static void check(byte[] export) {
    var _ = Varve.checkExport(new ByteArrayInputStream(export), NAME, ProgressListener.NONE);
  }

  private static void requireDamaged(byte[] export, String what) {
    CorruptionException damage = assertThrows(CorruptionException.class, () -> check(export), what);
    assertEquals(NAME, damage.file(), what);
    assertTrue(
        damage.offset() >= 0 && damage.offset() <= export.length,
        () -> what + ": " + damage.getMessage());
  }

  @Test
  void every_bit_that_is_flipped_is_noticed() {
    byte[] export = small();
    for (int at = 0; at < export.length; at++) {
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        export[at] ^= (byte) (1 << bit);
        requireDamaged(export, "bit " + bit + " of byte " + at);
        export[at] ^= (byte) (1 << bit);
      }
      byte was = export[at];
      for (int other : new int[] {0, 0xFF}) {
        export[at] = (byte) other;
        if (export[at] != was) {
          requireDamaged(export, "byte " + at + " is " + other);
        }
      }
      export[at] = was;
    }
    check(export);
  }

  @Test
  void every_cut_and_every_addition_is_noticed() {
    byte[] export = small();
    for (int length = 0; length < export.length; length++) {
      byte[] cut = Arrays.copyOf(export, length);
      requireDamaged(cut, "cut at " + length);
      if (length > 64) {
        CorruptionException damage = assertThrows(CorruptionException.class, () -> check(cut));
        assertEquals(length, damage.offset(), "where it ends");
      }
    }
    requireDamaged(Arrays.copyOf(export, export.length + 1), "one more");
    byte[] twice = Arrays.copyOf(export, 2 * export.length);
    System.arraycopy(export, 0, twice, export.length, export.length);
    requireDamaged(twice, "twice");
  }

  /** The places where parts begin, and where the last ends. */
  private static List<Integer> parts(byte[] export) {
    var parts = new java.util.ArrayList<Integer>();
    for (int at = 64; at < export.length; at += 20 + Bytes.getInt(export, at)) {
      parts.add(at);
    }
    parts.add(export.length);
    return parts;
  }

  @Test
  void parts_left_out_doubled_swapped_or_of_another_export_are_noticed() {
    byte[] export = small();
    byte[] other = small();
    List<Integer> parts = parts(export);
    assertEquals(1 + 2 * EngineKind.values().length + 1, parts.size() - 1);
    for (int i = 0; i + 1 < parts.size(); i++) {
      int begin = parts.get(i);
      int end = parts.get(i + 1);
      byte[] part = Arrays.copyOfRange(export, begin, end);
      requireDamaged(spliced(export, begin, end, new byte[0]), "part " + i + " left out");
      requireDamaged(spliced(export, end, end, part), "part " + i + " doubled");
      requireDamaged(
          spliced(export, begin, end, Arrays.copyOfRange(other, begin, end)),
          "part " + i + " of another export");
      if (i + 2 < parts.size()) {
        byte[] next = Arrays.copyOfRange(export, end, parts.get(i + 2));
        byte[] swapped = Arrays.copyOf(next, next.length + part.length);
        System.arraycopy(part, 0, swapped, next.length, part.length);
        requireDamaged(spliced(export, begin, parts.get(i + 2), swapped), "part " + i + " swapped");
      }
    }
  }

  private static byte[] spliced(byte[] export, int begin, int end, byte[] middle) {
    byte[] spliced = new byte[begin + middle.length + export.length - end];
    System.arraycopy(export, 0, spliced, 0, begin);
    System.arraycopy(middle, 0, spliced, begin, middle.length);
    System.arraycopy(export, end, spliced, begin + middle.length, export.length - end);
    return spliced;
  }

  @Test
  void a_damaged_export_leaves_a_store_as_it_was() {
    byte[] export = small();
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 5));
    try (Store store = Varve.inMemory()) {
      store.keyspace("mine").put(b("k"), b("v"));
      var before = ExportTest.contents(store);
      for (int at = 0; at < export.length; at += 1 + random.nextInt(5)) {
        byte[] bad = random.nextBoolean() ? Arrays.copyOf(export, at) : export.clone();
        if (bad.length == export.length) {
          bad[at] ^= (byte) (1 + random.nextInt(255));
        }
        int where = at;
        assertThrows(CorruptionException.class, () -> take(store, bad), () -> "at " + where);
        assertEquals(before, ExportTest.contents(store), () -> "at " + where);
      }
      take(store, export);
      assertEquals(1 + EngineKind.values().length, store.keyspaces().size());
    }
  }

  @Test
  void what_is_no_export_says_so_and_where() {
    Expect.failure(
        CorruptionException.class,
        () -> check(b("ident,name\n".repeat(20))),
        "backup.varve",
        "byte 0",
        "mark of a file of Varve",
        "Export the store again");
    Expect.failure(CorruptionException.class, () -> check(new byte[0]), "byte 0", "its end");
    byte[] sstable = small();
    sstable[8] = 4;
    Bytes.putInt(sstable, 60, Checksum.of(sstable, 0, 60));
    Expect.failure(CorruptionException.class, () -> check(sstable), "byte 8", "a sstable");
    byte[] newer = small();
    newer[10] = 2;
    Bytes.putInt(newer, 60, Checksum.of(newer, 0, 60));
    Expect.failure(FormatException.class, () -> check(newer), "newer Varve", "version 2");
  }

  /// Bytes whose checksums are right, but whose content nobody writes.
  @Test
  void no_content_however_sound_its_checksum_is_more_than_a_typed_error() {
    byte[] export = small();
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 6));
    List<Integer> parts = parts(export);
    int salt = Bytes.getInt(export, 60);
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = export.clone();
      int part = random.nextInt(parts.size() - 1);
      int begin = parts.get(part);
      int end = parts.get(part + 1);
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        int at = begin + random.nextInt(end - begin - 4);
        bad[at] = (byte) random.nextInt();
      }
      Bytes.putInt(bad, begin + 12, Checksum.of(bad, begin, 12) ^ salt);
      Bytes.putInt(bad, end - 4, Checksum.of(bad, begin, end - 4 - begin) ^ salt);
      try {
        check(bad);
        // The sum of the checksums is in the last part: only that one can be whole by itself.
        assertTrue(part == parts.size() - 2 || Arrays.equals(bad, export), "round " + round);
      } catch (CorruptionException expected) {
        assertTrue(expected.offset() <= bad.length);
      } catch (VarveException e) {
        fail("round " + round, e);
      }
    }
  }
}
