package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.SstableMeta.Counts;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.Added;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// The worked example of `docs/format/manifest.md`, read by the page alone. With `-Dvarve.rewrite`
/// the page is given the bytes that are written now.
final class ManifestPageTest {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);
  private static final int KEYSPACE = 3;
  private static final long NUMBER = 2;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static SstableMeta sstable() {
    return new SstableMeta(
        9, 121, b("oslo"), null, new Counts(3, 1, 1, 12, 4), 5, 8, 0, 0x91A0_2DEC_8902_5CC1L, 0);
  }

  private static SstableMeta ingested() {
    return new SstableMeta(
        10, 112, b("bern"), b("nice"), new Counts(2, 0, 0, 8, 4), 9, 9, 0, 0x1122_3344L, 9);
  }

  /** A version of one sstable, and an edit that adds an ingested one and moves the other. */
  private byte[] written() throws IOException {
    fs.createDirectories(DIRECTORY);
    Manifest.Place place = new Manifest.Place(fs, DIRECTORY, STORE, KEYSPACE);
    Version first = Version.EMPTY.apply(VersionEdit.flush(List.of(sstable()), 8));
    try (Manifest manifest = Manifest.create(place, NUMBER, first, 0)) {
      manifest.append(
          new VersionEdit(
              List.of(new Added(1, sstable()), new Added(6, ingested())),
              List.of(new Removed(0, 9)),
              9,
              11,
              List.of()));
    }
    return fs.bytes(DIRECTORY.resolve(StoreFileName.manifest(KEYSPACE, NUMBER)));
  }

  @Test
  void the_manifest_is_as_its_page_says() throws IOException {
    byte[] written = written();
    FormatPage page = FormatPage.read("manifest");
    HexExample example = new HexExample(written);
    walk(example);
    if (Boolean.getBoolean("varve.rewrite")) {
      page.rewrite("manifest", example.written());
      page = FormatPage.read("manifest");
    }
    assertArrayEquals(
        written, page.bytes("manifest"), "rewrite with: -Dvarve.rewrite=true -Dtest=ManifestPage*");
    assertEquals(example.written(), page.example("manifest"));
    Manifest.Place place = new Manifest.Place(fs, DIRECTORY, STORE, KEYSPACE);
    Version read = Manifest.read(place, new EditFile.Pointer(NUMBER, 2)).version();
    assertEquals(List.of(sstable()), read.level(1));
    assertEquals(List.of(ingested()), read.level(6));
    assertEquals(9, read.flushedThrough());
    assertEquals(11, read.nextNumber());
  }

  private static void walk(HexExample example) {
    example.section("envelope");
    for (int i = 0; i < 3; i++) {
      example.number("envelope", 16);
    }
    example.number("0", 12);
    int before = example.checksum("checksum", 0, 0);
    before = header(example, 0, before);
    field(example, 1, "flushed through", 8);
    field(example, 2, "numbers below", 10);
    added(example, 0, 9);
    example.number("seed", 8);
    example.number("ingested at", 1);
    text(example, "least key", "oslo");
    assertEquals(0, example.number("no end", 1));
    example.padding();
    int _ = header(example, 1, before);
    field(example, 1, "flushed through", 9);
    field(example, 2, "numbers below", 11);
    assertEquals(4, example.number("an sstable goes", 1));
    assertEquals(0, example.number("level", 1));
    assertEquals(9, example.number("number", 1));
    added(example, 1, 9);
    example.number("seed", 8);
    assertEquals(0, example.number("ingested at", 1));
    text(example, "least key", "oslo");
    assertEquals(0, example.number("no end", 1));
    added(example, 6, 10);
    assertEquals(0x1122_3344L, example.number("seed", 8));
    assertEquals(9, example.number("ingested at", 1));
    text(example, "least key", "bern");
    assertEquals(5, example.number("length of the end plus one", 1));
    assertEquals("nice", example.text("end", 4));
    example.padding();
  }

  /** Takes the header of an edit, checks it with the payload behind, and answers its checksum. */
  private static int header(HexExample example, long index, int before) {
    int from = example.at();
    example.section("edit " + index);
    int checksum = (int) example.number("checksum", 4);
    int length = (int) example.number("payload length", 4);
    assertEquals(index, example.number("edit", 8));
    assertEquals(before, (int) example.number("checksum before", 4));
    example.number("0", 4);
    long g = 0x9E3779B97F4A7C15L;
    long place = (KEYSPACE * g + NUMBER) * g + from;
    int salt = (int) (place ^ place >>> 32) ^ storeChecksum();
    assertEquals(example.checksumOf(from + 4, example.at() + length) ^ salt, checksum);
    return checksum;
  }

  private static int storeChecksum() {
    CRC32C crc = new CRC32C();
    for (int i = 1; i <= 16; i++) {
      crc.update(i);
    }
    return (int) crc.getValue();
  }

  private static void field(HexExample example, int tag, String label, long expected) {
    assertEquals(tag, example.number(label + ": tag", 1));
    assertEquals(expected, example.number(label, 1));
  }

  private static void added(HexExample example, long level, long number) {
    assertEquals(3, example.number("an sstable comes", 1));
    assertEquals(level, example.number("level", 1));
    assertEquals(number, example.number("number", 1));
    for (String label :
        List.of(
            "file's length",
            "entries",
            "tombstones",
            "range tombstones",
            "bytes of keys",
            "bytes of values",
            "least sequence number",
            "greatest sequence number",
            "made")) {
      example.number(label, 1);
    }
  }

  private static void text(HexExample example, String label, String expected) {
    int length = (int) example.number(label + " length", 1);
    assertEquals(expected, example.text(label, length));
  }
}
