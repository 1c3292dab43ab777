package dev.varve.engine.memory;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.fs.AtomicFile;
import dev.varve.kv.Limits;
import dev.varve.kv.MutationWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// Writes the file of an engine in memory; `docs/format/snapshot.md` has the bytes.
///
/// @threads one at a time
final class SnapshotFileWriter {
  static final int BLOCK_BYTES = 64 << 10;
  static final int BLOCK_HEADER_BYTES = 12;

  /// A block ends with the entry that fills it, so it holds one of the largest at most, and less
  /// than a full block before it.
  static final long BLOCK_CONTENT_BYTES_MAX =
      (long) BLOCK_BYTES + Limits.KEY_BYTES_MAX + Limits.VALUE_BYTES_MAX + 64;

  static final int END_BYTES = 28;
  private static final int BLOCK_BEGIN = MutationWriter.HEADROOM_BYTES - BLOCK_HEADER_BYTES;

  private final EngineContext context;
  private final AtomicFile file;
  private final MutationWriter block = new MutationWriter(BLOCK_BYTES + 1024);
  private final CRC32C all = new CRC32C();
  private int salt;
  private int blocks;
  private long entries;
  private long length;
  private int lastChecksum;

  SnapshotFileWriter(EngineContext context, AtomicFile file) {
    this.context = context;
    this.file = file;
  }

  /// Writes what comes before the first block.
  ///
  /// @throws IOException when the device refuses
  void begin(long sequence) throws IOException {
    byte[] name = context.name().getBytes(StandardCharsets.UTF_8);
    byte[] options = context.options().toText().getBytes(StandardCharsets.UTF_8);
    byte[] head = new byte[Envelope.SIZE + 12 + name.length + options.length];
    Envelope.of(
            FileKind.MEMORY_SNAPSHOT,
            context.store(),
            context.keyspace(),
            sequence,
            context.clock().wallMillis())
        .write(head);
    salt = Envelope.checksumOf(head);
    int at = Envelope.SIZE;
    Bytes.putInt(head, at, name.length);
    System.arraycopy(name, 0, head, at + 4, name.length);
    at += 4 + name.length;
    Bytes.putInt(head, at, options.length);
    System.arraycopy(options, 0, head, at + 4, options.length);
    at += 4 + options.length;
    Bytes.putInt(head, at, Checksum.of(head, Envelope.SIZE, at - Envelope.SIZE) ^ salt);
    append(head, 0, head.length);
  }

  /// Writes the entry that a cursor stands on.
  ///
  /// @throws IOException when the device refuses
  void add(EngineCursor cursor) throws IOException {
    block.put(context.keyspace(), cursor.key(), cursor.value());
    entries++;
    if (block.byteSize() >= BLOCK_BYTES) {
      writeBlock();
    }
  }

  private void writeBlock() throws IOException {
    byte[] array = block.array();
    Bytes.putInt(array, BLOCK_BEGIN, block.byteSize());
    Bytes.putInt(array, BLOCK_BEGIN + 4, block.count());
    Bytes.putInt(array, BLOCK_BEGIN + 8, blocks);
    int size = block.end() - BLOCK_BEGIN;
    int checksum = Checksum.of(array, BLOCK_BEGIN, size) ^ salt;
    Bytes.putInt(array, block.end(), checksum);
    addChecksum(all, checksum);
    append(array, BLOCK_BEGIN, size + 4);
    blocks++;
    block.clear();
  }

  static void addChecksum(CRC32C all, int checksum) {
    for (int shift = 0; shift < 32; shift += 8) {
      all.update(checksum >>> shift);
    }
  }

  /// Writes what comes behind the last block.
  ///
  /// @throws IOException when the device refuses
  void end() throws IOException {
    if (block.count() > 0) {
      writeBlock();
    }
    byte[] end = new byte[END_BYTES];
    Bytes.putInt(end, 4, blocks);
    Bytes.putLong(end, 12, entries);
    Bytes.putInt(end, 20, (int) all.getValue());
    lastChecksum = Checksum.of(end, 0, END_BYTES - 4) ^ salt;
    Bytes.putInt(end, END_BYTES - 4, lastChecksum);
    append(end, 0, END_BYTES);
  }

  private void append(byte[] bytes, int offset, int count) throws IOException {
    file.append(bytes, offset, count);
    length += count;
  }

  /// How many entries were written.
  long entries() {
    return entries;
  }

  /// The file's length.
  long length() {
    return length;
  }

  /// The file's last four bytes.
  int lastChecksum() {
    return lastChecksum;
  }
}
