package dev.varve.engine.lsm.blob;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes values to as many blob files as they need: none without values, and another one behind
/// each that is full. A record is never divided, so a file may be longer than that.
///
/// @threads one at a time
/// @lifetime until [#close], which leaves no unfinished file
public final class BlobOutputs implements AutoCloseable {
  /// A file of this length is full.
  public static final long FILE_BYTES_MAX = 256 << 20;

  /// Begins files.
  public interface Maker {
    /// Begins the next file.
    ///
    /// @throws IOException when it cannot be made
    BlobWriter begin() throws IOException;
  }

  private final Maker maker;
  private final List<BlobInfo> finished;
  private final long fileBytesMax;
  private @Nullable BlobWriter writer;

  /// @param finished takes each file once it is complete, durable and has its name; whoever does
  ///   not install it removes it
  /// @param fileBytesMax a file of this length is full
  public BlobOutputs(Maker maker, List<BlobInfo> finished, long fileBytesMax) {
    this.maker = maker;
    this.finished = finished;
    this.fileBytesMax = fileBytesMax;
  }

  /// Adds a value, as [BlobWriter#add].
  ///
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
    BlobWriter own = writer;
    if (own == null) {
      own = maker.begin();
      writer = own;
    }
    BlobReference reference =
        own.add(key, keyOffset, keyLength, sequence, value, valueOffset, valueLength);
    if (own.size() >= fileBytesMax) {
      finish();
    }
    return reference;
  }

  /// Completes the last file, if there is one.
  ///
  /// @throws IOException when the device refuses
  public void finish() throws IOException {
    BlobWriter own = writer;
    if (own != null) {
      finished.add(own.finish());
      writer = null;
      own.close();
    }
  }

  @Override
  public void close() throws IOException {
    BlobWriter own = writer;
    writer = null;
    if (own != null) {
      own.close();
    }
  }
}
