package dev.varve.engine.lsm.blob;

import dev.varve.base.Checksum;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;

/// Writes a blob file, record by record. The file has its name, durably, when [#finish] returns;
/// until then it stands under a temporary one.
///
/// @threads one at a time
/// @lifetime until [#finish], or [#close], which without it leaves no file. After an exception
///   nothing but [#close] may be called
public final class BlobWriter implements AutoCloseable {
  /** Gathered before it is written out; a larger value goes to the device as it is. */
  private static final int OUT_BYTES = 256 << 10;

  /** A larger value is not compressed: that would take as much memory again. */
  static final int COMPRESSED_BYTES_MAX = 16 << 20;

  /** A value stays uncompressed unless compression saves one byte in this many. */
  private static final int SAVING_MIN = 8;

  private final BlobEnvironment environment;
  private final long number;
  private final Path path;
  private final BlockCodec codec;
  private final AtomicFile file;
  private final int envelopeChecksum;
  private final byte[] out = new byte[OUT_BYTES];
  private final byte[] header = new byte[BlobHeader.BYTES];
  private byte[] compressed = new byte[0];
  private int outLength;
  private long written;
  private long records;
  private long valueBytes;
  private long content;
  private long smallestSequence = Long.MAX_VALUE;
  private long largestSequence;

  /// Begins the file of this number.
  ///
  /// @param codec what values are compressed with where it saves space, a number of [BlockCodecs]
  /// @throws IOException when it cannot be made
  public BlobWriter(BlobEnvironment environment, long number, int codec) throws IOException {
    this.environment = environment;
    this.number = number;
    this.codec = BlockCodecs.forWriting(codec);
    this.path = environment.path(number);
    Envelope.of(
            FileKind.BLOB,
            environment.store(),
            environment.keyspace(),
            number,
            environment.clock().wallMillis())
        .write(out);
    this.outLength = Envelope.SIZE;
    this.envelopeChecksum = Envelope.checksumOf(out);
    this.file =
        AtomicFile.begin(
            environment.fileSystem(),
            path,
            path.resolveSibling(path.getFileName() + StoreFileName.TEMPORARY_SUFFIX));
  }

  /// Adds a value, and answers where it will stand.
  ///
  /// @param key whose value it is, for salvage
  /// @throws IOException when the device refuses
  public BlobReference add(
      byte[] key,
      int keyOffset,
      int keyLength,
      long sequence,
      byte[] value,
      int valueOffset,
      int valueLength)
      throws IOException {
    byte[] stored = value;
    int storedOffset = valueOffset;
    int storedLength = valueLength;
    int codecId = BlockCodecs.NONE;
    int smaller = compress(value, valueOffset, valueLength);
    if (smaller >= 0) {
      stored = compressed;
      storedOffset = 0;
      storedLength = smaller;
      codecId = codec.id();
    }
    int body = Checksum.of(key, keyOffset, keyLength, stored, storedOffset, storedLength);
    BlobHeader front =
        new BlobHeader(body, sequence, keyLength, valueLength, storedLength, codecId);
    long offset = size();
    int checksum = front.write(header, envelopeChecksum, offset);
    append(header, 0, header.length);
    append(key, keyOffset, keyLength);
    append(stored, storedOffset, storedLength);
    records++;
    valueBytes += valueLength;
    content += checksum & 0xFFFF_FFFFL;
    smallestSequence = Math.min(smallestSequence, sequence);
    largestSequence = Math.max(largestSequence, sequence);
    return front.reference(number, offset, checksum);
  }

  /** Compresses a value into {@link #compressed}; answers its length there, or -1. */
  private int compress(byte[] value, int offset, int length) {
    if (codec.id() == BlockCodecs.NONE || length > COMPRESSED_BYTES_MAX) {
      return -1;
    }
    int room = codec.compressedSizeMax(length);
    if (compressed.length < room) {
      compressed = new byte[room];
    }
    int smaller = codec.compress(value, offset, length, compressed, 0);
    return smaller <= length - length / SAVING_MIN && smaller < length ? smaller : -1;
  }

  private void append(byte[] bytes, int offset, int length) throws IOException {
    if (length > out.length - outLength) {
      flushOut();
    }
    if (length > out.length) {
      file.append(bytes, offset, length);
      written += length;
    } else {
      System.arraycopy(bytes, offset, out, outLength, length);
      outLength += length;
    }
  }

  private void flushOut() throws IOException {
    if (outLength > 0) {
      file.append(out, 0, outLength);
      written += outLength;
      outLength = 0;
    }
  }

  /// How long the file is so far.
  public long size() {
    return written + outLength;
  }

  /// Writes what is left and gives the file its name, durably.
  ///
  /// @throws IllegalStateException when nothing was added
  /// @throws IOException when a step failed
  public BlobInfo finish() throws IOException {
    if (records == 0) {
      throw new IllegalStateException("a blob file without records");
    }
    long size = size() + BlobFooter.SIZE;
    byte[] footer = new byte[BlobFooter.SIZE];
    new BlobFooter(size, records, valueBytes, content, smallestSequence, largestSequence)
        .write(footer, envelopeChecksum);
    append(footer, 0, footer.length);
    flushOut();
    commit();
    return new BlobInfo(number, size, records, valueBytes);
  }

  /** A file that may have its name but failed to become durable is taken away again. */
  private void commit() throws IOException {
    try {
      file.commit();
    } catch (IOException failure) {
      try {
        if (environment.fileSystem().exists(path)) {
          environment.fileSystem().delete(path);
        }
      } catch (IOException another) {
        failure.addSuppressed(another);
      }
      throw failure;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
