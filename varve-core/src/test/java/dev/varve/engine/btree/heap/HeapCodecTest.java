package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.btree.heap.MapEdit.Move;
import dev.varve.format.StoreId;
import dev.varve.kv.CorruptionException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Slots' headers and edits of maps as bytes: both ways, and what is made of any bytes.
final class HeapCodecTest {
  private static final Path MAP = Path.of("/memory/store/ks-3-1.map");
  private static final int SLAB = 4096;
  private static final SizeClasses CLASSES = new SizeClasses(SLAB);

  private final SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 11));
  private int nextSlab;

  @Test
  void a_header_is_read_as_it_was_written_and_the_mask_binds_it() {
    byte[] bytes = new byte[100];
    for (int round = 0; round < 1000; round++) {
      SlotHeader header =
          new SlotHeader(
              random.nextInt() & 0x7FFFFFFF,
              random.nextLong() & Long.MAX_VALUE,
              random.nextInt() & 0x7FFFFFFF,
              random.nextInt(1000),
              1000,
              1 + random.nextInt(2),
              random.nextInt(SlotHeader.NAME_BYTES_MAX + 1));
      header.write(bytes, 7);
      assertEquals(header, SlotHeader.read(bytes, 7));
      assertTrue(header.isPossible(Integer.MAX_VALUE));
    }
    SlotHeader.Place place = SlotHeader.Place.of(new StoreId(1, 2), 3, 1);
    assertNotEquals(place.mask(4096), place.mask(4160));
    assertNotEquals(place, SlotHeader.Place.of(new StoreId(1, 2), 4, 1));
    assertNotEquals(place, SlotHeader.Place.of(new StoreId(1, 2), 3, 2));
    assertNotEquals(place, SlotHeader.Place.of(new StoreId(1, 3), 3, 1));
  }

  /** An object in slabs that no other has. */
  private StoredObject object(ObjectKind kind, int bytes, long generation) {
    byte[] name = new byte[kind == ObjectKind.VALUE ? 8 : random.nextInt(40)];
    random.nextBytes(name);
    if (name.length > 3) {
      Arrays.fill(name, 0, name.length / 2, (byte) 7);
    }
    int[] places = new int[2 * CLASSES.pieces(name.length + (long) bytes)];
    for (int i = 0; i < places.length; i += 2) {
      places[i] = 64 + nextSlab++ * (SLAB / 64);
      places[i + 1] = random.nextInt();
    }
    return new StoredObject(kind, name, bytes, generation, places, StoredObject.State.LIVE);
  }

  private StoredObject[] objects(int count) {
    StoredObject[] objects = new StoredObject[count];
    for (int i = 0; i < count; i++) {
      ObjectKind kind = random.nextInt(5) == 0 ? ObjectKind.VALUE : ObjectKind.LEAF;
      objects[i] =
          object(kind, random.nextInt(random.nextInt(20) + 1) * 700, 1 + random.nextInt(9));
    }
    Arrays.sort(objects, StoredObject.ORDER);
    return Arrays.stream(objects)
        .filter(new java.util.TreeSet<>(StoredObject.ORDER)::add)
        .toArray(StoredObject[]::new);
  }

  private static MapReading read(List<List<byte[]>> edits) {
    MapReading reading = new MapReading(MAP, 1L << 26, _ -> {});
    long position = 88;
    for (List<byte[]> edit : edits) {
      for (int i = 0; i < edit.size(); i++) {
        byte[] part = edit.get(i);
        reading.part(part, 0, part.length, position, i == edit.size() - 1);
        position += part.length + 24;
      }
    }
    return reading;
  }

  private static List<byte[]> all(Iterator<byte[]> parts) {
    List<byte[]> all = new ArrayList<>();
    parts.forEachRemaining(all::add);
    return all;
  }

  private static void assertSame(StoredObject expected, StoredObject found) {
    assertTrue(expected.isNamedLike(found));
    assertEquals(expected.payloadBytes(), found.payloadBytes());
    assertEquals(expected.generation(), found.generation());
    assertArrayEquals(expected.places(), found.places());
  }

  @Test
  void edits_are_read_as_they_were_written() {
    for (int count : new int[] {0, 1, 50, 5000}) {
      nextSlab = 0;
      StoredObject[] first = objects(count);
      byte[] note = new byte[count];
      List<byte[]> snapshot = all(MapCodec.encodeAll(1, SLAB, 10, 77, note, first));
      assertTrue(count < 5000 || snapshot.size() > 1, "in several parts");
      MapReading reading = read(List.of(snapshot));
      assertEquals(10, reading.generation());
      assertEquals(77, reading.cut());
      assertArrayEquals(note, reading.note());
      assertEquals(1, reading.heapNumber());
      StoredObject[] found = reading.objects();
      assertEquals(first.length, found.length);
      for (int i = 0; i < found.length; i++) {
        assertSame(first[i], found[i]);
      }
      if (count == 0) {
        continue;
      }
      StoredObject goes = first[0];
      StoredObject moves = first[first.length - 1];
      int to = 64 + nextSlab++ * (SLAB / 64);
      StoredObject comes = object(ObjectKind.LEAF, 5000, 12);
      MapEdit edit =
          new MapEdit(
              12,
              78,
              new byte[] {5},
              count == 1 ? List.of() : List.of(goes),
              List.of(new Move(moves.unit(0), to, 99)),
              List.of(comes));
      MapReading later = read(List.of(snapshot, MapCodec.encode(edit)));
      assertEquals(12, later.generation());
      assertEquals(78, later.cut());
      assertEquals(first.length + (count == 1 ? 1 : 0), later.objects().length);
      assertSame(comes, later.table().owner(comes.unit(0)));
      StoredObject moved = later.table().owner(to);
      assertEquals(99, moved.checksum(0));
      assertEquals(moves.generation(), moved.generation());
    }
  }

  @Test
  void any_bytes_give_a_map_or_a_typed_error() {
    nextSlab = 0;
    StoredObject[] first = objects(20);
    List<byte[]> snapshot = all(MapCodec.encodeAll(1, SLAB, 10, 77, new byte[9], first));
    MapEdit edit =
        new MapEdit(
            12,
            78,
            new byte[] {5},
            List.of(first[0]),
            List.of(new Move(first[3].unit(0), 64 + nextSlab++ * 64, 99)),
            List.of(object(ObjectKind.LEAF, 90, 12)));
    byte[] second = MapCodec.encode(edit).getFirst();
    int refused = 0;
    int taken = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] bytes = (round % 2 == 0 ? snapshot.getFirst() : second).clone();
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      }
      try {
        MapReading reading =
            read(round % 2 == 0 ? List.of(List.of(bytes)) : List.of(snapshot, List.of(bytes)));
        var _ = reading.objects();
        taken++;
      } catch (CorruptionException e) {
        assertEquals(MAP, e.file());
        refused++;
      }
    }
    for (int round = 0; round < 60_000; round++) {
      byte[] noise = new byte[random.nextInt(60)];
      random.nextBytes(noise);
      try {
        var _ = read(List.of(List.of(noise)));
        taken++;
      } catch (CorruptionException e) {
        refused++;
      }
    }
    assertTrue(refused > 50_000 && taken > 100, refused + " refused, " + taken + " taken");
  }
}
