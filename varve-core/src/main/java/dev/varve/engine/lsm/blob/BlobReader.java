package dev.varve.engine.lsm.blob;

import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// An open blob file. What is read is checked each time.
///
/// @threads safe
/// @lifetime until as many [#release] as there were openings and [#acquire]
public final class BlobReader {
  private final BlobSource source;
  private final BlobInfo info;
  private final BlobFooter footer;
  private final AtomicInteger references = new AtomicInteger(1);

  private BlobReader(BlobSource source, BlobInfo info, BlobFooter footer) {
    this.source = source;
    this.info = info;
    this.footer = footer;
  }

  /// Opens the file of this number.
  ///
  /// @throws CorruptionException when its envelope or footer is damaged, or it belongs elsewhere
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static BlobReader open(BlobEnvironment environment, long number) throws IOException {
    return open(environment, number, true);
  }

  /// Opens the file of this number to read single values, whatever became of its footer.
  ///
  /// @throws CorruptionException when its envelope is damaged, or it belongs elsewhere
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static BlobReader openDamaged(BlobEnvironment environment, long number)
      throws IOException {
    return open(environment, number, false);
  }

  private static BlobReader open(BlobEnvironment environment, long number, boolean needsFooter)
      throws IOException {
    Path path = environment.path(number);
    StoreFile file = environment.fileSystem().open(path, OpenMode.READ);
    try {
      long size = file.size();
      byte[] head = head(file, size);
      Envelope _ =
          Envelope.read(path, head)
              .require(path, FileKind.BLOB, environment.store(), environment.keyspace(), number);
      int checksum = Envelope.checksumOf(head);
      BlobFooter footer = footer(file, checksum, size);
      long end = footer == null ? size : size - BlobFooter.SIZE;
      if (footer == null && !needsFooter) {
        footer = new BlobFooter(size, 0, 0, 0, 0, 0);
      }
      if (footer == null) {
        throw new CorruptionException(
            path,
            Math.max(0, size - BlobFooter.SIZE),
            "the footer of a blob file of " + size + " bytes",
            "none");
      }
      return new BlobReader(
          new BlobSource(path, file, checksum, number, end),
          new BlobInfo(number, size, footer.records(), footer.valueBytes()),
          footer);
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// The first bytes of a file: those of an envelope, or as many as there are.
  static byte[] head(StoreFile file, long size) throws IOException {
    byte[] head = new byte[(int) Math.min(size, Envelope.SIZE)];
    int done = file.read(0, MemorySegment.ofArray(head));
    return Arrays.copyOf(head, done);
  }

  /// The footer of a file, or null when there is no sound one.
  static @Nullable BlobFooter footer(StoreFile file, int envelopeChecksum, long size)
      throws IOException {
    if (size < BlobInfo.OVERHEAD_BYTES) {
      return null;
    }
    byte[] tail = new byte[BlobFooter.SIZE];
    int done = file.read(size - BlobFooter.SIZE, MemorySegment.ofArray(tail));
    return done < tail.length ? null : BlobFooter.read(tail, envelopeChecksum, size);
  }

  /// What is known of the file.
  public BlobInfo info() {
    return info;
  }

  /// Takes one more reference; false when the last one was released already.
  public boolean acquire() {
    return references.getAndUpdate(now -> now == 0 ? 0 : now + 1) > 0;
  }

  /// Gives back a reference; with the last one the file is closed.
  ///
  /// @throws IOException when the operating system refuses to close it
  public void release() throws IOException {
    int left = references.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("released more often than acquired");
    }
    if (left == 0) {
      source.file().close();
    }
  }

  /// Reads the value that a reference into this file stands for.
  ///
  /// @throws CorruptionException when it is damaged, or is not what the reference was made for
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  public byte[] get(BlobReference reference) throws IOException {
    long offset = reference.offset();
    if (reference.file() != info.number()
        || offset < Envelope.SIZE
        || reference.recordBytes() > source.end() - offset) {
      throw source.damaged(offset, "a record within the file", reference.toString());
    }
    byte[] front = new byte[BlobHeader.BYTES + reference.keyLength()];
    source.read(offset, front, 0, front.length);
    BlobHeader header = BlobHeader.read(front, 0, source.envelopeChecksum(), offset);
    int checksum = BlobHeader.checksumAt(front, 0);
    if (header == null || !header.reference(info.number(), offset, checksum).equals(reference)) {
      throw source.damaged(
          offset,
          "the record with checksum " + Envelope.hex(reference.checksum()),
          header == null ? "none" : "another one");
    }
    return source.value(header, offset, Arrays.copyOfRange(front, BlobHeader.BYTES, front.length));
  }

  /// Walks over the records. It takes no reference: whoever calls keeps one meanwhile.
  public BlobScan scan() {
    return new BlobScan(source, null, false);
  }

  /// Reads the whole file and checks everything in it: each record, and that they are those which
  /// the footer counts.
  ///
  /// @throws CorruptionException when something is damaged
  /// @throws FormatException when a codec is unknown
  /// @throws IOException when the device refuses
  public void verify() throws IOException {
    long records = 0;
    long valueBytes = 0;
    long content = 0;
    long smallest = Long.MAX_VALUE;
    long largest = 0;
    BlobScan scan = scan();
    for (BlobScan.Found found = scan.next(); found != BlobScan.Found.END; found = scan.next()) {
      if (found == BlobScan.Found.DAMAGED) {
        throw scan.problem();
      }
      scan.check();
      records++;
      valueBytes += scan.reference().valueLength();
      content += scan.reference().checksum() & 0xFFFF_FFFFL;
      smallest = Math.min(smallest, scan.sequence());
      largest = Math.max(largest, scan.sequence());
    }
    BlobFooter found = new BlobFooter(info.size(), records, valueBytes, content, smallest, largest);
    if (!found.equals(footer)) {
      throw source.damaged(source.end(), footer.toString(), found.toString());
    }
  }
}
