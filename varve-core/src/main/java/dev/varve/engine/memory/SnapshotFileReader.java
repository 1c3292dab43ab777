package dev.varve.engine.memory;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Limits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads the file of an engine in memory, block by block; `docs/format/snapshot.md` has the bytes.
///
/// @threads one at a time
/// @lifetime until [#close]; a block's bytes are valid until the next call
public final class SnapshotFileReader implements AutoCloseable {
  /** More than the name and the options of any keyspace take. */
  private static final int TEXT_BYTES_MAX = 64 << 10;

  /// What was found where the next block should be.
  public enum Found {
    /// A sound block.
    BLOCK,
    /// The sound end of a whole file.
    END,
    /// A block that is not sound; [#problem] says more. Where its length can be believed, the next
    /// call goes on behind it.
    DAMAGED,
    /// Nothing that could be read on from; [#problem] says more.
    LOST
  }

  private final Path path;
  private final StoreFile file;
  private final long fileSize;
  private final CRC32C all = new CRC32C();
  private final Envelope envelope;
  private final int salt;
  private final String name;
  private final String options;
  private long position;
  private long blockPosition;
  private byte[] block = new byte[0];
  private int blockEnd;
  private int blocks;
  private long entries;
  private boolean whole = true;
  private @Nullable CorruptionException problem;

  /// Opens a file and reads what comes before its first block.
  ///
  /// @throws CorruptionException when that is damaged
  /// @throws IOException when the device refuses
  public SnapshotFileReader(FileSystem fileSystem, Path path) throws IOException {
    this.path = path;
    this.file = fileSystem.open(path, OpenMode.READ);
    try {
      this.fileSize = file.size();
      byte[] head = read(0, (int) Math.min(Envelope.SIZE, fileSize));
      this.envelope = Envelope.read(path, head);
      this.salt = Envelope.checksumOf(head);
      int nameLength = length(Envelope.SIZE, Limits.NAME_BYTES_MAX);
      int optionsAt = Envelope.SIZE + 4 + nameLength;
      int optionsLength = length(optionsAt, TEXT_BYTES_MAX);
      byte[] texts = read(Envelope.SIZE, 12 + nameLength + optionsLength);
      int checksum = Checksum.of(texts, 0, texts.length - 4) ^ salt;
      requireChecksum(checksum, Bytes.getInt(texts, texts.length - 4), Envelope.SIZE);
      this.name = new String(texts, 4, nameLength, StandardCharsets.UTF_8);
      this.options = new String(texts, 8 + nameLength, optionsLength, StandardCharsets.UTF_8);
      this.position = (long) Envelope.SIZE + texts.length;
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  private byte[] read(long at, int count) throws IOException {
    if (count > fileSize - at) {
      throw new CorruptionException(path, fileSize, count + " bytes from " + at, "its end");
    }
    byte[] bytes = new byte[count];
    file.readFully(at, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private int length(long at, int max) throws IOException {
    int length = Bytes.getInt(read(at, 4), 0);
    if (length < 0 || length > max) {
      throw new CorruptionException(path, at, "a length of at most " + max, "" + length);
    }
    return length;
  }

  private void requireChecksum(int computed, int found, long at) {
    if (computed != found) {
      throw new CorruptionException(
          path, at, "checksum " + Envelope.hex(computed), Envelope.hex(found));
    }
  }

  /// The file's envelope.
  public Envelope envelope() {
    return envelope;
  }

  /// The name of the keyspace.
  public String name() {
    return name;
  }

  /// The options of the keyspace, as text.
  public String options() {
    return options;
  }

  /// The file's length.
  public long fileSize() {
    return fileSize;
  }

  /// The file's last four bytes.
  ///
  /// @throws IOException when the device refuses
  public int lastChecksum() throws IOException {
    return Bytes.getInt(read(fileSize - 4, 4), 0);
  }

  /// Reads what comes next.
  ///
  /// @throws IOException when the device refuses
  public Found next() throws IOException {
    blockPosition = position;
    long left = fileSize - position;
    if (left < SnapshotFileWriter.END_BYTES) {
      return lost(fileSize, "a block or the end of the file's content", "the file's end");
    }
    byte[] header = read(position, SnapshotFileWriter.BLOCK_HEADER_BYTES);
    int length = Bytes.getInt(header, 0);
    if (length == 0) {
      return readEnd();
    }
    if (length < 0
        || length > SnapshotFileWriter.BLOCK_CONTENT_BYTES_MAX
        || length > left - SnapshotFileWriter.BLOCK_HEADER_BYTES - 4) {
      return lost(position, "a block that fits in the file", "a length of " + length);
    }
    int size = SnapshotFileWriter.BLOCK_HEADER_BYTES + length + 4;
    if (block.length < size) {
      block = new byte[size];
    }
    file.readFully(position, MemorySegment.ofArray(block).asSlice(0, size));
    position += size;
    blockEnd = size - 4;
    int index = blocks++;
    int checksum = Bytes.getInt(block, blockEnd);
    SnapshotFileWriter.addChecksum(all, checksum);
    int computed = Checksum.of(block, 0, blockEnd) ^ salt;
    if (computed != checksum) {
      return damaged("checksum " + Envelope.hex(computed), Envelope.hex(checksum));
    }
    if (Bytes.getInt(block, 8) != index) {
      return damaged("block " + index, "block " + Bytes.getInt(block, 8));
    }
    entries += count();
    return Found.BLOCK;
  }

  private Found readEnd() throws IOException {
    byte[] end = read(position, SnapshotFileWriter.END_BYTES);
    int at = SnapshotFileWriter.END_BYTES - 4;
    int computed = Checksum.of(end, 0, at) ^ salt;
    if (computed != Bytes.getInt(end, at)) {
      return lost(
          position, "checksum " + Envelope.hex(computed), Envelope.hex(Bytes.getInt(end, at)));
    }
    long expected = fileSize;
    position += SnapshotFileWriter.END_BYTES;
    if (position != expected) {
      return lost(position, "the file's end", (expected - position) + " more bytes");
    }
    if (whole
        && (Bytes.getInt(end, 4) != blocks
            || Bytes.getLong(end, 12) != entries
            || Bytes.getInt(end, 20) != (int) all.getValue())) {
      return lost(
          blockPosition,
          Bytes.getInt(end, 4) + " blocks with " + Bytes.getLong(end, 12) + " entries",
          blocks + " blocks with " + entries);
    }
    return Found.END;
  }

  private Found damaged(String expected, String found) {
    whole = false;
    problem = new CorruptionException(path, blockPosition, expected, found);
    return Found.DAMAGED;
  }

  private Found lost(long at, String expected, String found) {
    whole = false;
    problem = new CorruptionException(path, at, expected, found);
    return Found.LOST;
  }

  /// What is wrong, after anything but a block or the end was found.
  public CorruptionException problem() {
    if (problem == null) {
      throw new IllegalStateException("nothing is wrong");
    }
    return problem;
  }

  /// The array that holds the block's mutations.
  public byte[] array() {
    return block;
  }

  /// Where they begin in [#array].
  public int begin() {
    return SnapshotFileWriter.BLOCK_HEADER_BYTES;
  }

  /// Where they end in [#array].
  public int end() {
    return blockEnd;
  }

  /// How many entries the block has.
  public int count() {
    return Bytes.getInt(block, 4);
  }

  /// Where the block, or what is not one, begins in the file.
  public long blockPosition() {
    return blockPosition;
  }

  /// How far the file was read.
  public long position() {
    return position;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
