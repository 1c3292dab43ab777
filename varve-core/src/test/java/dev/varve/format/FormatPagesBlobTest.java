package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.FileInspection;
import dev.varve.store.FileInspector;
import dev.varve.store.StoreFixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// The page of blob files, as [FormatPagesTest] has the others.
final class FormatPagesBlobTest {
  private static final StoreId STORE = FormatPagesTest.STORE;
  private static final Path DIRECTORY = StoreFixture.DIRECTORY;

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** The blob file of the page, and the reference to its second record. */
  private record BlobExample(byte[] file, BlobReference reference) {}

  private static BlobExample blob(MemoryFileSystem fs) throws IOException {
    fs.createDirectories(DIRECTORY);
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
    BlobEnvironment environment = new BlobEnvironment(fs, DIRECTORY, STORE, 3, atZero);
    byte[] large = ascii("i".repeat(64));
    try (BlobWriter writer = new BlobWriter(environment, 9, BlockCodecs.LZ4)) {
      BlobReference _ = writer.add(ascii("oslo"), 0, 4, 7, ascii("norway"), 0, 6);
      BlobReference second = writer.add(ascii("rome"), 0, 4, 8, large, 0, large.length);
      BlobInfo _ = writer.finish();
      return new BlobExample(fs.bytes(environment.path(9)), second);
    }
  }

  @Test
  void the_blob_file_is_as_its_page_says() throws IOException {
    MemoryFileSystem fs = new MemoryFileSystem();
    BlobExample written = blob(fs);
    long[] offsets = {64, 0};
    int[] checksums = new int[2];
    FormatPagesTest.requireWritten(
        "blob",
        "blob",
        written.file,
        example -> {
          int envelope = FormatPagesTest.envelope(example, 6, 3, 9, 0);
          for (int i = 0; i < 2; i++) {
            assertEquals(offsets[i], example.at());
            checksums[i] = blobRecord(example, written.file, envelope, i == 0 ? 6 : 64);
            offsets[1] = i == 0 ? example.at() : offsets[1];
          }
          int footer = example.at();
          example.section("footer");
          List<Integer> sizes = FormatPage.read("blob").sizes(1);
          example.table(
              sizes.subList(0, sizes.size() - 1),
              "length",
              "records",
              "bytes of values",
              "sum",
              "least",
              "greatest",
              "0");
          assertEquals(written.file.length, example.value("footer: length"));
          assertEquals(2, example.value("footer: records"));
          assertEquals(70, example.value("footer: bytes of values"));
          assertEquals(
              (checksums[0] & 0xFFFF_FFFFL) + (checksums[1] & 0xFFFF_FFFFL),
              example.value("footer: sum"));
          assertEquals(7, example.value("footer: least"));
          assertEquals(8, example.value("footer: greatest"));
          example.checksum("checksum", footer, envelope);
        });
    fs.replaceBytes(
        DIRECTORY.resolve(StoreFileName.blob(3, 9)), FormatPage.read("blob").bytes("blob"));
    BlobReader reader =
        BlobReader.open(new BlobEnvironment(fs, DIRECTORY, STORE, 3, Clock.SYSTEM), 9);
    reader.verify();
    assertArrayEquals(ascii("i".repeat(64)), reader.get(written.reference));
    reader.release();
    FileInspection inspection =
        FileInspector.inspect(fs, DIRECTORY.resolve(StoreFileName.blob(3, 9)), 100);
    assertEquals(List.of(), inspection.problems());
    assertEquals("2", inspection.properties().get("records"));
    assertEquals("70", inspection.properties().get("bytes of values"));
    assertEquals(
        "commit 7, a key of 4 bytes, a value of 6, codec none (0)",
        inspection.items().getFirst().detail());
  }

  /** Takes a record and answers its checksum. */
  private static int blobRecord(HexExample example, byte[] bytes, int envelope, int value) {
    int from = example.at();
    String name = value == 64 ? "second record" : "first record";
    example.section(name);
    example.table(
        FormatPage.read("blob").sizes(0),
        "checksum",
        "checksum",
        "sequence",
        "key length",
        "value length",
        "stored length",
        "codec",
        "0");
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    int key = (int) example.value(name + ": key length");
    int stored = (int) example.value(name + ": stored length");
    assertEquals(value, example.value(name + ": value length"));
    assertEquals(value == 64 ? 8 : 7, example.value(name + ": sequence"));
    assertEquals(value == 64 ? 1 : 0, example.value(name + ": codec"));
    CRC32C head = new CRC32C();
    head.update(bytes, from + 4, 28);
    assertEquals((int) head.getValue() ^ place(envelope, from), buffer.getInt(from), name);
    CRC32C body = new CRC32C();
    body.update(bytes, from + 32, key + stored);
    assertEquals((int) body.getValue(), buffer.getInt(from + 4), name);
    assertEquals(value == 64 ? "rome" : "oslo", example.text("key", key));
    if (value == 64) {
      assertTrue(stored < value, "compressed to " + stored);
      // More than eight bytes are shown as they are.
      example.number("value, compressed", stored);
    } else {
      assertEquals("norway", example.text("value", stored));
    }
    return buffer.getInt(from);
  }

  /** The mask of a record's place, as the page has it. */
  private static int place(int envelope, long offset) {
    return (int) mix(mix(envelope & 0xFFFF_FFFFL) + offset);
  }

  private static long mix(long number) {
    long x = number;
    x ^= x >>> 33;
    x *= 0xff51afd7ed558ccdL;
    x ^= x >>> 33;
    x *= 0xc4ceb9fe1a85ec53L;
    return x ^ x >>> 33;
  }

  @Test
  void a_reference_is_as_the_page_of_blob_files_says() throws IOException {
    BlobReference reference = blob(new MemoryFileSystem()).reference;
    FormatPagesTest.requireWritten(
        "blob",
        "reference",
        reference.encode(),
        example -> {
          assertEquals(9, example.number("file", 1));
          assertEquals(106, example.number("where the record begins", 1));
          assertEquals(4, example.number("key length", 1));
          assertEquals(reference.storedLength(), example.number("stored length", 1));
          assertEquals(64, example.number("value length", 1));
          assertEquals(reference.checksum(), (int) example.number("checksum", 4));
        });
    byte[] page = FormatPage.read("blob").bytes("reference");
    assertEquals(reference, BlobReference.decode(page, 0, page.length));
  }
}
