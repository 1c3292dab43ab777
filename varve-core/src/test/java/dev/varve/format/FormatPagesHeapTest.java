package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.HeapBatch;
import dev.varve.engine.btree.heap.HeapEnvironment;
import dev.varve.engine.btree.heap.HeapOptions;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.store.FileInspector;
import dev.varve.store.StoreFixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The pages of the heap and its map, as [FormatPagesTest] has the others.
final class FormatPagesHeapTest {
  private static final Path DIRECTORY = StoreFixture.DIRECTORY;
  private static final Path HEAP = DIRECTORY.resolve("ks-3-1.heap");
  private static final Path MAP = DIRECTORY.resolve("ks-3-1.map");
  private static final int KEYSPACE = 3;
  private static final int SLABS = 4096;

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private byte[] state = new byte[0];

  /** The checksum of the part before, as the walk through a map goes on. */
  private int before;

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private HeapEnvironment environment() {
    Clock atZero =
        new Clock() {
          @Override
          public long nanos() {
            return 0;
          }

          @Override
          public long wallMillis() {
            return 0;
          }
        };
    return new HeapEnvironment(
        fs,
        DIRECTORY,
        FormatPagesTest.STORE,
        KEYSPACE,
        atZero,
        new ReaderEpochs(1),
        new MemoryBudget(1 << 20));
  }

  @BeforeEach
  void makeHeap() throws IOException {
    fs.createDirectories(DIRECTORY);
    try (Heap heap = Heap.create(environment(), HeapOptions.DEFAULTS.withSlabBytes(SLABS))) {
      StoredObject first;
      try (HeapBatch batch = heap.begin()) {
        first = batch.store(ObjectKind.LEAF, new byte[0], new byte[4000], 0, 4000);
        var _ = batch.store(ObjectKind.LEAF, ascii("oslo"), ascii("norway"), 0, 6);
        batch.commit(5, ascii("one"));
      }
      try (HeapBatch batch = heap.begin()) {
        byte[] name = {0, 0, 0, 0, 0, 0, 1, 2};
        var _ = batch.store(ObjectKind.VALUE, name, ascii("rome"), 0, 4);
        batch.free(first);
        batch.commit(6, ascii("two"));
      }
      try (HeapBatch batch = heap.begin()) {
        batch.defragment();
        batch.commit(7, ascii("three"));
      }
      state = heap.state();
    }
  }

  private static long mix(long x) {
    long z = (x ^ x >>> 33) * 0xff51afd7ed558ccdL;
    z = (z ^ z >>> 33) * 0xc4ceb9fe1a85ec53L;
    return z ^ z >>> 33;
  }

  private static int storeChecksum() {
    CRC32C crc = new CRC32C();
    for (int i = 1; i <= 16; i++) {
      crc.update(i);
    }
    return (int) crc.getValue();
  }

  @Test
  void the_heap_is_as_its_page_says() throws IOException {
    byte[] file = fs.bytes(HEAP);
    FormatPagesTest.requireWritten(
        "heap",
        "head",
        Arrays.copyOf(file, 76),
        example -> {
          int envelope = FormatPagesTest.envelope(example, 7, KEYSPACE, 1, 0);
          example.section("head");
          assertEquals(SLABS, example.number("bytes of a slab", 4));
          example.number("0", 4);
          example.checksum("checksum", 64, envelope);
        });
    for (int at = 76; at < 4096; at++) {
      assertEquals(0, file[at], "byte " + at);
    }
    FormatPagesTest.requireWritten(
        "heap", "slot", Arrays.copyOfRange(file, 4096, 4096 + 64), FormatPagesHeapTest::slot);
    assertEquals(List.of(), FileInspector.inspect(fs, HEAP, 10).problems());
  }

  private static void slot(HexExample example) {
    example.section("slot");
    int checksum = (int) example.number("checksum", 4);
    List<Integer> sizes = FormatPage.read("heap").sizes(0);
    assertEquals(3, sizes.get(7), "bytes of the name's length");
    example.table(sizes.subList(1, 7), "bytes", "generation", "object", "piece", "pieces", "kind");
    assertEquals(10, example.value("slot: bytes"));
    assertEquals(1, example.value("slot: generation"));
    assertEquals(1, example.value("slot: object"));
    assertEquals(0, example.value("slot: piece"));
    assertEquals(1, example.value("slot: pieces"));
    assertEquals(1, example.value("slot: kind"));
    assertEquals(4, example.number("length of the name", 1));
    example.number("0", 2);
    assertEquals("oslo", example.text("name", 4));
    assertEquals("norway", example.text("payload", 6));
    long key = mix(mix((storeChecksum() & 0xFFFF_FFFFL) << 32 | KEYSPACE) + 1);
    assertEquals(example.checksumOf(4, example.at()) ^ (int) mix(key + 4096), checksum);
    example.number("0", 64 - example.at());
  }

  @Test
  void the_map_is_as_its_page_says() throws IOException {
    byte[] map = fs.bytes(MAP);
    FormatPagesTest.requireWritten("heap-map", "map", map, this::map);
    FormatPage page = FormatPage.read("heap-map");
    fs.replaceBytes(MAP, page.bytes("map"));
    try (Heap heap = Heap.open(environment(), HeapOptions.DEFAULTS, state)) {
      assertEquals(7, heap.cut());
      assertArrayEquals(ascii("three"), heap.note());
      StoredObject leaf = heap.objects(ObjectKind.LEAF).getFirst();
      assertArrayEquals(ascii("norway"), heap.read(leaf));
      StoredObject value = heap.objects(ObjectKind.VALUE).getFirst();
      assertArrayEquals(ascii("rome"), heap.read(value));
      assertEquals(258, ByteBuffer.wrap(value.name()).getLong());
      assertEquals(2, value.generation());
      assertEquals(4096, heap.stats().slabBytes());
      heap.verify(problem -> assertEquals("", problem));
    }
  }

  private void map(HexExample example) {
    before = FormatPagesTest.envelope(example, 8, KEYSPACE, 1, 0);
    header(example, 0);
    field(example, "the heap", 1, "file", 1);
    assertEquals(SLABS, example.varint("bytes of a slab"));
    batch(example, 1, 5, "one");
    comes(example, 1, 0, 0, "");
    assertEquals(4000, example.varint("length of the payload"));
    place(example, "place", 4096);
    comes(example, 1, 0, 0, "oslo");
    assertEquals(6, example.varint("length of the payload"));
    place(example, "place", 8192);
    example.padding();
    header(example, 1);
    batch(example, 2, 6, "two");
    assertEquals(5, example.number("an object goes", 1));
    assertEquals(4096 / 64, example.varint("place"));
    assertEquals(7, example.number("an object comes", 1));
    assertEquals(2, example.number("kind", 1));
    assertEquals(0, example.number("age", 1));
    assertEquals(0, example.number("shared", 1));
    assertEquals(8, example.number("length of the name", 1));
    example.raw("name", 8);
    assertEquals(4, example.number("length of the payload", 1));
    place(example, "place", 8256);
    example.padding();
    header(example, 2);
    batch(example, 3, 7, "three");
    for (int i = 0; i < 2; i++) {
      assertEquals(6, example.number("a piece moves", 1));
      assertEquals((8192 + 64 * i) / 64, example.varint("from"));
      place(example, "to", 4096 + 64 * i);
    }
    example.padding();
  }

  /** Takes the header of a part, and checks it with the payload behind. */
  private void header(HexExample example, long edit) {
    int from = example.at();
    example.section("edit " + edit);
    int checksum = (int) example.number("checksum", 4);
    int length = (int) example.number("payload length", 4);
    assertEquals(edit, example.number("edit", 8));
    assertEquals(before, (int) example.number("checksum before", 4));
    example.number("0", 4);
    long g = 0x9E3779B97F4A7C15L;
    long place = (KEYSPACE * g + 1) * g + from;
    int salt = (int) (place ^ place >>> 32) ^ storeChecksum();
    assertEquals(example.checksumOf(from + 4, example.at() + length) ^ salt, checksum);
    before = checksum;
  }

  private static void batch(HexExample example, long number, long cut, String note) {
    field(example, "the batch", 2, "number", number);
    field(example, "every commit up to", 3, "number", cut);
    field(example, "a note", 4, "length", note.length());
    assertEquals(note, example.text("note", note.length()));
  }

  private static void field(HexExample example, String what, int tag, String label, long value) {
    assertEquals(tag, example.number(what, 1));
    assertEquals(value, example.number(label, 1));
  }

  private static void comes(HexExample example, int kind, int age, int shared, String name) {
    assertEquals(7, example.number("an object comes", 1));
    assertEquals(kind, example.number("kind", 1));
    assertEquals(age, example.number("age", 1));
    assertEquals(shared, example.number("shared", 1));
    assertEquals(name.length(), example.number("length of the name", 1));
    assertEquals(name, example.text("name", name.length()));
  }

  private static void place(HexExample example, String label, int offset) {
    assertEquals(offset / 64, example.varint(label));
    example.number("checksum", 4);
  }
}
