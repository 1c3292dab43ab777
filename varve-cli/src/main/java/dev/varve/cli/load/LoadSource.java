package dev.varve.cli.load;

import dev.varve.kv.UsageException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/// Where rows come from: a file, unpacked when its name ends with `.gz`, or a stream.
///
/// @threads one at a time
public final class LoadSource implements AutoCloseable {
  private static final int HEAD_BYTES = 1 << 16;
  private static final int GZIP_BUFFER = 1 << 16;

  private final String name;
  private final @Nullable Path file;
  private final Counting counting;
  private final InputStream unpacked;
  private final LoadFormat format;
  private final @Nullable String keyColumn;
  private final RowReader rows;

  private LoadSource(
      String name, @Nullable Path file, InputStream in, LoadFormat format, @Nullable String key)
      throws IOException {
    this.name = name;
    this.file = file;
    this.counting = new Counting(in);
    this.unpacked =
        name.toLowerCase(Locale.ROOT).endsWith(".gz")
            ? new GZIPInputStream(counting, GZIP_BUFFER)
            : counting;
    this.format = format;
    this.keyColumn = key;
    this.rows = format.reader(unpacked, key);
  }

  /// A file.
  ///
  /// @param key the column whose value is the key, several columns with commas between, or null for
  ///   the first
  /// @throws UsageException when it has no such column
  public static LoadSource of(Path file, LoadFormat format, @Nullable String key)
      throws IOException {
    if (Files.isDirectory(file)) {
      throw new UsageException(file + " is a directory; give a file of rows");
    }
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    Path real = file.toRealPath();
    InputStream in = Files.newInputStream(real);
    try {
      return new LoadSource(String.valueOf(real.getFileName()), real, in, format, key);
    } catch (IOException | RuntimeException failure) {
      in.close();
      throw failure;
    }
  }

  /// A stream, which cannot be read a second time.
  ///
  /// @param name its name; it is unpacked if that ends with `.gz`
  /// @throws UsageException when it has no such column
  public static LoadSource of(String name, InputStream in, LoadFormat format, @Nullable String key)
      throws IOException {
    return new LoadSource(name, null, in, format, key);
  }

  /// The file's name.
  public String name() {
    return name;
  }

  /// The file, or null for a stream.
  @Nullable Path file() {
    return file;
  }

  RowReader rows() {
    return rows;
  }

  /** How many bytes of the file were read. */
  long bytesRead() {
    return counting.count;
  }

  /** How many bytes the file has, or -1. */
  long size() throws IOException {
    return file == null ? -1 : Files.size(file);
  }

  /**
   * What tells a load of this file from one of another, of itself after a change, or in another
   * way.
   */
  String identity() throws IOException {
    if (file == null) {
      return "";
    }
    CRC32C crc = new CRC32C();
    try (InputStream head = Files.newInputStream(file)) {
      crc.update(head.readNBytes(HEAD_BYTES));
    }
    return format.text()
        + " by "
        + (keyColumn == null ? "the first column" : keyColumn)
        + ", "
        + Files.size(file)
        + " bytes, changed "
        + Files.getLastModifiedTime(file).toInstant()
        + ", head "
        + Long.toHexString(crc.getValue());
  }

  @Override
  public void close() throws IOException {
    unpacked.close();
  }

  /** Counts what is read. */
  private static final class Counting extends FilterInputStream {
    private long count;

    Counting(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }
}
