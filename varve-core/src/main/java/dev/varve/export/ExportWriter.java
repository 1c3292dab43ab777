package dev.varve.export;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.kv.MutationWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/// Writes an export, part by part.
///
/// @threads one at a time
public final class ExportWriter {
  /** Where the count of a part of entries stands, and the header before it. */
  private static final int COUNT_BYTES = 4;

  private static final int BLOCK_BEGIN =
      MutationWriter.HEADROOM_BYTES - COUNT_BYTES - ExportPart.HEADER_BYTES;

  private final OutputStream target;
  private final MutationWriter block = new MutationWriter(ExportPart.BLOCK_BYTES + 1024);
  private final CRC32C all = new CRC32C();
  private final int salt;
  private int parts;
  private int keyspace = 1;
  private long entriesOfKeyspace;
  private long entries;
  private long bytes;

  /// Writes what comes before the first entry.
  ///
  /// @throws IOException when the stream refuses
  public ExportWriter(OutputStream target, Envelope envelope, List<ExportedKeyspace> keyspaces)
      throws IOException {
    this.target = target;
    byte[] head = new byte[Envelope.SIZE];
    envelope.write(head);
    this.salt = Envelope.checksumOf(head);
    target.write(head);
    this.bytes = head.length;
    ByteArrayOutputStream contents = new ByteArrayOutputStream();
    contents.writeBytes(number(keyspaces.size()));
    for (ExportedKeyspace each : keyspaces) {
      text(contents, each.name());
      text(contents, each.options());
    }
    write(ExportPart.CONTENTS, contents.toByteArray());
  }

  private static byte[] number(int number) {
    byte[] bytes = new byte[Integer.BYTES];
    Bytes.putInt(bytes, 0, number);
    return bytes;
  }

  private static void text(ByteArrayOutputStream contents, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    contents.writeBytes(number(bytes.length));
    contents.writeBytes(bytes);
  }

  /// Writes an entry of the keyspace that is written now, which is the first to begin with.
  ///
  /// @throws IOException when the stream refuses
  public void put(byte[] key, byte[] value) throws IOException {
    block.put(keyspace, key, value);
    entriesOfKeyspace++;
    if (block.byteSize() >= ExportPart.BLOCK_BYTES) {
      writeBlock();
    }
  }

  private void writeBlock() throws IOException {
    byte[] array = block.array();
    Bytes.putInt(array, BLOCK_BEGIN + ExportPart.HEADER_BYTES, block.count());
    write(ExportPart.ENTRIES, array, BLOCK_BEGIN, COUNT_BYTES + block.byteSize());
    block.clear();
  }

  /// Ends the keyspace that is written now; the next one follows.
  ///
  /// @throws IOException when the stream refuses
  public void endKeyspace() throws IOException {
    if (block.count() > 0) {
      writeBlock();
    }
    byte[] end = new byte[Integer.BYTES + Long.BYTES];
    Bytes.putInt(end, 0, keyspace);
    Bytes.putLong(end, Integer.BYTES, entriesOfKeyspace);
    write(ExportPart.KEYSPACE_END, end);
    keyspace++;
    entries += entriesOfKeyspace;
    entriesOfKeyspace = 0;
  }

  /// Ends the export.
  ///
  /// @throws IOException when the stream refuses
  public void end() throws IOException {
    byte[] end = new byte[2 * Integer.BYTES + Long.BYTES];
    Bytes.putInt(end, 0, keyspace - 1);
    Bytes.putLong(end, Integer.BYTES, entries);
    Bytes.putInt(end, Integer.BYTES + Long.BYTES, (int) all.getValue());
    write(ExportPart.END, end);
    target.flush();
  }

  private void write(ExportPart part, byte[] content) throws IOException {
    byte[] array = new byte[ExportPart.HEADER_BYTES + content.length + ExportPart.FOOTER_BYTES];
    System.arraycopy(content, 0, array, ExportPart.HEADER_BYTES, content.length);
    write(part, array, 0, content.length);
  }

  /** Writes a part whose content lies behind room for its header, with room behind it. */
  private void write(ExportPart part, byte[] array, int begin, int length) throws IOException {
    Bytes.putInt(array, begin, length);
    Bytes.putInt(array, begin + 4, part.code());
    Bytes.putInt(array, begin + 8, parts);
    int headerChecksum = begin + ExportPart.HEADER_BYTES - 4;
    Bytes.putInt(array, headerChecksum, Checksum.of(array, begin, 12) ^ salt);
    int end = begin + ExportPart.HEADER_BYTES + length;
    int checksum = Checksum.of(array, begin, end - begin) ^ salt;
    Bytes.putInt(array, end, checksum);
    int size = end + ExportPart.FOOTER_BYTES - begin;
    target.write(array, begin, size);
    ExportPart.addChecksum(all, checksum);
    bytes += size;
    parts++;
  }

  /// How many entries of ended keyspaces were written.
  public long entries() {
    return entries;
  }

  /// How many bytes were written.
  public long bytes() {
    return bytes;
  }
}
