package dev.varve.cli.load;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.Limits;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a file of rows looks like.
public enum LoadFormat {
  /// Comma-separated values, strictly as RFC 4180 has them.
  CSV,
  /// Tab-separated values without quotes.
  TSV,
  /// One JSON object a line.
  JSONL,
  /// One escaped key and value a line, as `dump` writes them.
  KV;

  /// The format of this name.
  ///
  /// @throws UsageException when there is none
  public static LoadFormat named(String name) {
    for (LoadFormat format : values()) {
      if (format.text().equals(name.toLowerCase(Locale.ROOT))) {
        return format;
      }
    }
    throw new UsageException(
        "there is no format '"
            + name
            + "'; "
            + Nearest.hint(name, Arrays.stream(values()).map(LoadFormat::text).toList()));
  }

  /// The format that a file's name tells.
  ///
  /// @throws UsageException when it tells none
  public static LoadFormat ofFileName(String name) {
    String plain = name.toLowerCase(Locale.ROOT);
    plain = plain.endsWith(".gz") ? plain.substring(0, plain.length() - 3) : plain;
    for (LoadFormat format : values()) {
      if (plain.endsWith("." + format.text())) {
        return format;
      }
    }
    if (plain.endsWith(".ndjson")) {
      return JSONL;
    }
    throw new UsageException(
        "the name '" + name + "' does not tell the format; give --format csv, tsv, jsonl or kv");
  }

  /// The name.
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Reads the rows of a stream.
  ///
  /// @param keyColumn the column whose value is the key, or null for the first
  RowReader reader(InputStream in, @Nullable String keyColumn) throws IOException {
    LineSource lines = new LineSource(in, Limits.VALUE_BYTES_MAX);
    return switch (this) {
      case CSV -> new CsvRows(lines, (byte) ',', true, keyColumn);
      case TSV -> new CsvRows(lines, (byte) '\t', false, keyColumn);
      case JSONL -> new JsonRows(lines, keyColumn);
      case KV -> {
        if (keyColumn != null) {
          throw new UsageException("the kv format has no columns; leave --key away");
        }
        yield new KvRows(lines);
      }
    };
  }
}
