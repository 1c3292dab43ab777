package dev.varve.engine.lsm.sstable;

import static dev.varve.engine.lsm.sstable.SstableFixture.ascii;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.lsm.sstable.SstableFixture.Content;
import dev.varve.engine.lsm.sstable.SstableFixture.Revision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import org.junit.jupiter.api.Test;

/// The worked example of `docs/format/sstable.md`. With `-Dvarve.rewrite` the page is given the
/// bytes that are written now.
final class SstableFormatTest {
  private static final Path PAGE = Path.of("..", "docs", "format", "sstable.md");
  private static final String BEGIN = "```hex sstable\n";
  private static final int HEX_BEGIN = 6;
  private static final int LINE_BYTES = 16;
  private static final int HEX_END = HEX_BEGIN + 3 * LINE_BYTES - 1;

  private final SstableFixture fixture = new SstableFixture();

  private byte[] written() throws IOException {
    NavigableMap<Revision, Content> entries = SstableFixture.newEntries();
    entries.put(new Revision(ascii("oslo"), 7), new Content(Stamp.VALUE, ascii("no")));
    entries.put(new Revision(ascii("oslo"), 5), new Content(Stamp.TOMBSTONE, new byte[0]));
    entries.put(new Revision(ascii("rome"), 6), new Content(Stamp.VALUE, ascii("it")));
    List<RangeTombstone> tombstones = List.of(new RangeTombstone(ascii("p"), ascii("q"), 8));
    SstableInfo _ = fixture.write(9, SstableOptions.DEFAULTS, entries, tombstones);
    return fixture.memory.bytes(fixture.environment.path(9));
  }

  private static String example(String page) {
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    return page.substring(begin, page.indexOf("```", begin));
  }

  @Test
  void the_example_is_read_and_written_again() throws IOException {
    byte[] written = written();
    if (System.getProperty("varve.rewrite") != null) {
      rewrite(written);
    }
    StringBuilder hex = new StringBuilder();
    for (String line : example(Files.readString(PAGE)).lines().toList()) {
      assertEquals(hex.length() / 2, Integer.parseInt(line.substring(0, HEX_BEGIN).strip()), line);
      hex.append(line, HEX_BEGIN, Math.min(HEX_END, line.length()));
      String bytes = hex.toString().replace(" ", "");
      hex.setLength(0);
      hex.append(bytes);
    }
    byte[] page = HexFormat.of().parseHex(hex);
    assertArrayEquals(
        written, page, "rewrite the page with: mvn test -Dtest=SstableFormatTest -Dvarve.rewrite");
    fixture.memory.replaceBytes(fixture.environment.path(9), page);
    SstableReader reader = fixture.open(9, SstableOptions.DEFAULTS);
    try (SstableCursor cursor = reader.cursor()) {
      assertTrue(cursor.seekToFirst());
      assertArrayEquals(ascii("oslo"), cursor.key());
      assertEquals(7, cursor.sequence());
      assertArrayEquals(ascii("no"), cursor.value());
      assertTrue(cursor.next());
      assertArrayEquals(ascii("oslo"), cursor.key());
      assertEquals(Stamp.of(5, Stamp.TOMBSTONE), cursor.stamp());
      assertTrue(cursor.next());
      assertArrayEquals(ascii("rome"), cursor.key());
      assertArrayEquals(ascii("it"), cursor.value());
      assertFalse(cursor.next());
      assertEquals(8, reader.rangeTombstones().covering(ascii("pisa"), 9));
      reader.verify();
    } finally {
      reader.release();
    }
  }

  private static void rewrite(byte[] bytes) throws IOException {
    String page = Files.readString(PAGE);
    Files.writeString(
        PAGE, page.replace(BEGIN + example(page) + "```", BEGIN + annotated(bytes) + "```"));
  }

  /** The parts of the example, by the offsets where they begin. */
  private static String annotated(byte[] bytes) {
    SstableFooter footer =
        SstableFooter.read(
            PAGE,
            java.util.Arrays.copyOfRange(bytes, bytes.length - SstableFooter.SIZE, bytes.length),
            dev.varve.format.Envelope.checksumOf(bytes),
            bytes.length);
    StringBuilder text = new StringBuilder();
    append(text, bytes, 0, 64, "envelope");
    append(text, bytes, SstableFooter.FRONT_SEED, SstableFooter.DATA, "seed");
    block(text, bytes, SstableFooter.DATA, footer.filter(), "data block");
    block(text, bytes, footer.filter(), footer.tombstones(), "filter page");
    block(text, bytes, footer.tombstones(), footer.leaves(), "range tombstones");
    block(text, bytes, footer.leaves(), footer.top(), "index leaf");
    block(text, bytes, footer.top(), footer.properties(), "index top");
    int end = bytes.length - SstableFooter.SIZE;
    block(text, bytes, footer.properties(), end, "properties");
    append(text, bytes, end, bytes.length, "footer");
    return text.toString();
  }

  private static void block(StringBuilder text, byte[] bytes, long from, long to, String what) {
    append(text, bytes, from, to - BlockSeal.BYTES, what);
    append(text, bytes, to - BlockSeal.BYTES, to, "codec, length, checksum");
  }

  private static void append(StringBuilder text, byte[] bytes, long from, long to, String what) {
    for (int at = (int) from; at < to; at += LINE_BYTES) {
      int end = (int) Math.min(to, at + LINE_BYTES);
      String hex = HexFormat.ofDelimiter(" ").formatHex(bytes, at, end);
      String label = at == from ? what : "";
      text.append(
          String.format("%-" + HEX_BEGIN + "d%-" + (HEX_END - HEX_BEGIN) + "s  %s", at, hex, label)
              .stripTrailing());
      text.append('\n');
    }
  }
}
