package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.Varve;
import dev.varve.export.ExportReader;
import dev.varve.export.ExportWriter;
import dev.varve.export.ExportedKeyspace;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ExportReport;
import dev.varve.kv.FileInspection;
import dev.varve.kv.ImportMode;
import dev.varve.kv.Keyspace;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.store.FileInspector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// The page of exports says what they are, as [FormatPagesTest] has it for the others.
final class ExportPageTest {
  private static final long MADE_MILLIS = 1_767_225_600_000L;
  private static final Path NAME = Path.of("/memory/export");

  /** The checksums that end the parts so far. */
  private final CRC32C all = new CRC32C();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] written() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ExportWriter writer =
        new ExportWriter(
            out,
            Envelope.of(FileKind.EXPORT, FormatPagesTest.STORE, 0, 3, MADE_MILLIS),
            List.of(
                new ExportedKeyspace("notes", "engine=hash\n"),
                new ExportedKeyspace("towns", "engine=rbtree\n")));
    writer.endKeyspace();
    writer.put(b("oslo"), b("no"));
    writer.endKeyspace();
    writer.end();
    assertEquals(out.size(), writer.bytes());
    return out.toByteArray();
  }

  private int begin(HexExample example, String name, int kind, int index, int salt) {
    int from = example.at();
    example.section(name);
    long length = example.number("content's length", 4);
    assertEquals(kind, example.number("kind", 4));
    assertEquals(index, example.number("index", 4));
    example.checksum("header's checksum", from, salt);
    return (int) length;
  }

  private void end(HexExample example, int from, int length, int salt) {
    assertEquals(from + 16 + length, example.at());
    int checksum = example.checksum("checksum", from, salt);
    for (int shift = 0; shift < 32; shift += 8) {
      all.update(checksum >>> shift);
    }
  }

  private void walk(HexExample example) {
    int salt = FormatPagesTest.envelope(example, 9, 0, 3, MADE_MILLIS);
    int from = example.at();
    int length = begin(example, "list", 1, 0, salt);
    assertEquals(2, example.number("keyspaces", 4));
    assertEquals("notes", example.text("name", (int) example.number("name length", 4)));
    assertEquals(
        "engine=hash\n", example.text("options", (int) example.number("options length", 4)));
    assertEquals("towns", example.text("name", (int) example.number("name length", 4)));
    assertEquals(
        "engine=rbtree\n", example.text("options", (int) example.number("options length", 4)));
    end(example, from, length, salt);
    endKeyspace(example, 1, 1, 0, salt);
    from = example.at();
    length = begin(example, "entries", 2, 2, salt);
    assertEquals(1, example.number("entries", 4));
    assertEquals(1, example.number("put's code", 1));
    assertEquals(2, example.varint("keyspace"));
    int keyLength = (int) example.varint("key length");
    int valueLength = (int) example.varint("value length");
    assertEquals("oslo", example.text("key", keyLength));
    assertEquals("no", example.text("value", valueLength));
    end(example, from, length, salt);
    endKeyspace(example, 3, 2, 1, salt);
    int sum = (int) all.getValue();
    from = example.at();
    length = begin(example, "end", 4, 4, salt);
    assertEquals(2, example.number("keyspaces", 4));
    assertEquals(1, example.number("entries", 8));
    assertEquals(sum, (int) example.number("checksum of checksums", 4));
    end(example, from, length, salt);
  }

  private void endKeyspace(HexExample example, int index, int place, long entries, int salt) {
    int from = example.at();
    int length = begin(example, "end of a keyspace", 3, index, salt);
    assertEquals(place, example.number("keyspace", 4));
    assertEquals(entries, example.number("entries", 8));
    end(example, from, length, salt);
  }

  @Test
  void exports_are_as_their_page_says() throws IOException {
    assertEquals(List.of("export"), FormatPage.read("export").examples());
    FormatPagesTest.requireWritten("export", "export", written(), this::walk);
    byte[] page = FormatPage.read("export").bytes("export");
    ExportReader reader = new ExportReader(new ByteArrayInputStream(page), NAME);
    assertEquals(3, reader.envelope().number());
    try (Store store = Varve.inMemory()) {
      ExportReport report =
          store.importFrom(
              new ByteArrayInputStream(page), NAME, ImportMode.INTO_EMPTY, ProgressListener.NONE);
      assertEquals(3, report.sequenceNumber());
      assertEquals(page.length, report.bytes());
      assertEquals(
          List.of("notes", "towns"), store.keyspaces().stream().map(Keyspace::name).toList());
      assertEquals(
          "no", new String(store.keyspace("towns").get(b("oslo")), StandardCharsets.UTF_8));
      assertEquals(0, store.keyspace("notes").count());
    }
  }

  @Test
  void the_example_is_described_by_inspection() {
    MemoryFileSystem fs = new MemoryFileSystem();
    fs.replaceBytes(NAME, FormatPage.read("export").bytes("export"));
    FileInspection inspection = FileInspector.inspect(fs, NAME, 100);
    assertEquals(List.of(), inspection.problems());
    assertEquals("export", inspection.kind());
    assertEquals("3", inspection.properties().get("as of commit"));
    assertEquals("1", inspection.properties().get("entries"));
    assertEquals("engine=rbtree, 1 entries", inspection.items().getLast().detail());
  }
}
