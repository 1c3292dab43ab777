package dev.varve.engine.lsm.blob;

import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Walks over the records of a blob file in their order, past what is damaged.
///
/// ```java
/// try (BlobScan scan = BlobScan.open(fs, path)) {
///   for (BlobScan.Found found = scan.next(); found != END; found = scan.next()) {
///     if (found == RECORD) { scan.key(); scan.sequence(); scan.value(); } else { scan.problem(); }
///   }
/// }
/// ```
///
/// @threads one at a time
/// @lifetime until [#close]
public final class BlobScan implements AutoCloseable {
  /// What [#next] came to.
  public enum Found {
    /// A record whose header is sound. Its key and value are only when [#check] or [#value] says
    /// so.
    RECORD,
    /// Bytes that are no record; [#problem] says which.
    DAMAGED,
    /// The end.
    END
  }

  private static final int WINDOW_BYTES = 64 << 10;

  private final BlobSource source;
  private final @Nullable Envelope envelope;
  private final boolean owner;
  private final byte[] front = new byte[BlobHeader.BYTES];
  private long at = Envelope.SIZE;
  private long offset;
  private @Nullable BlobHeader header;
  private byte[] key = new byte[0];
  private @Nullable CorruptionException problem;

  BlobScan(BlobSource source, @Nullable Envelope envelope, boolean owner) {
    this.source = source;
    this.envelope = envelope;
    this.owner = owner;
  }

  /// Opens a file of any keyspace, of which only the envelope has to be sound. Without a sound
  /// footer whatever follows the last record counts as damaged.
  ///
  /// @throws CorruptionException when its envelope is damaged or that of another kind of file
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static BlobScan open(FileSystem fileSystem, Path path) throws IOException {
    StoreFile file = fileSystem.open(path, OpenMode.READ);
    try {
      long size = file.size();
      byte[] head = BlobReader.head(file, size);
      Envelope envelope = Envelope.read(path, head);
      Envelope _ =
          envelope.require(
              path, FileKind.BLOB, envelope.store(), envelope.scope(), envelope.number());
      int checksum = Envelope.checksumOf(head);
      boolean whole = BlobReader.footer(file, checksum, size) != null;
      long end = whole ? size - BlobFooter.SIZE : size;
      return new BlobScan(
          new BlobSource(path, file, checksum, envelope.number(), end), envelope, true);
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// The file's envelope.
  ///
  /// @throws IllegalStateException when the scan belongs to a reader
  public Envelope envelope() {
    if (envelope == null) {
      throw new IllegalStateException("the scan of a reader knows no envelope");
    }
    return envelope;
  }

  /// Moves on.
  ///
  /// @throws IOException when the device refuses
  public Found next() throws IOException {
    header = null;
    problem = null;
    offset = at;
    if (offset >= source.end()) {
      return Found.END;
    }
    try {
      BlobHeader found = headerAt(offset);
      if (found == null) {
        at = nextRecord(offset + 1);
        problem = source.damaged(offset, "a record", at - offset + " bytes that are none");
        return Found.DAMAGED;
      }
      key = new byte[found.keyLength()];
      source.read(offset + BlobHeader.BYTES, key, 0, key.length);
      header = found;
      at = offset + BlobHeader.BYTES + found.keyLength() + found.storedLength();
      return Found.RECORD;
    } catch (CorruptionException e) {
      // The file became shorter meanwhile.
      at = source.end();
      problem = e;
      return Found.DAMAGED;
    }
  }

  private @Nullable BlobHeader headerAt(long where) throws IOException {
    if (source.end() - where < BlobHeader.BYTES) {
      return null;
    }
    source.read(where, front, 0, front.length);
    BlobHeader found = BlobHeader.read(front, 0, source.envelopeChecksum(), where);
    return found != null && source.fits(found, where) ? found : null;
  }

  /** Where the next record with a sound header begins, or the end. */
  private long nextRecord(long from) throws IOException {
    byte[] window = new byte[WINDOW_BYTES];
    long begin = from;
    while (source.end() - begin >= BlobHeader.BYTES) {
      int count = (int) Math.min(window.length, source.end() - begin);
      source.read(begin, window, 0, count);
      for (int i = 0; i + BlobHeader.BYTES <= count; i++) {
        BlobHeader found = BlobHeader.read(window, i, source.envelopeChecksum(), begin + i);
        if (found != null && source.fits(found, begin + i)) {
          return begin + i;
        }
      }
      begin += count - BlobHeader.BYTES + 1;
    }
    return source.end();
  }

  private BlobHeader own() {
    BlobHeader own = header;
    if (own == null) {
      throw new IllegalStateException("the scan stands on no record");
    }
    return own;
  }

  /// What the record's value belongs to.
  public byte[] key() {
    BlobHeader _ = own();
    return key.clone();
  }

  /// The sequence number of the entry that the record was written for.
  public long sequence() {
    return own().sequence();
  }

  /// The reference that an sstable has for this record.
  public BlobReference reference() {
    int checksum = BlobHeader.checksumAt(front, 0);
    return own().reference(source.number(), offset, checksum);
  }

  /// What the value is compressed with, a number of [dev.varve.codec.BlockCodecs].
  public int codec() {
    return own().codec();
  }

  /// The value, when it and the key are sound.
  ///
  /// @throws CorruptionException when the record is damaged
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  public byte[] value() throws IOException {
    return source.value(own(), offset, key);
  }

  /// Checks key and value, without holding a large value in memory.
  ///
  /// @throws CorruptionException when the record is damaged
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  public void check() throws IOException {
    source.check(own(), offset, key);
  }

  /// What is damaged where the scan stands.
  public CorruptionException problem() {
    CorruptionException own = problem;
    if (own == null) {
      throw new IllegalStateException("nothing is damaged here");
    }
    return own;
  }

  @Override
  public void close() throws IOException {
    if (owner) {
      source.file().close();
    }
  }
}
