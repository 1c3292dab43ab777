package dev.varve.format;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The names of files in a store's directory.
public sealed interface StoreFileName {
  /// The lock file.
  String LOCK = "LOCK";

  /// The catalog.
  String CATALOG = "CATALOG";

  /// What the name of a file ends with while it is written.
  String TEMPORARY_SUFFIX = ".tmp";

  /// The lock file.
  record Lock() implements StoreFileName {}

  /// The catalog.
  record Catalog() implements StoreFileName {}

  /// A segment of the log.
  record Segment(int lane, long number) implements StoreFileName {}

  /// A snapshot of an engine in memory.
  record Snapshot(int keyspace, long sequence) implements StoreFileName {}

  /// A manifest of a keyspace's sstables.
  record Manifest(int keyspace, long number) implements StoreFileName {}

  /// A file that is being written, or was when the store crashed.
  record Temporary() implements StoreFileName {}

  /// No file of Varve's.
  record Foreign() implements StoreFileName {}

  /// The name of a segment.
  static String segment(int lane, long number) {
    return String.format(Locale.ROOT, "log-%02d-%010d.seg", lane, number);
  }

  /// The name of a snapshot.
  static String snapshot(int keyspace, long sequence) {
    return String.format(Locale.ROOT, "ks-%d-%d.snap", keyspace, sequence);
  }

  /// The name of a manifest.
  static String manifest(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.manifest", keyspace, number);
  }

  /// What a name stands for.
  static StoreFileName parse(String name) {
    return switch (name) {
      case LOCK -> new Lock();
      case CATALOG -> new Catalog();
      default -> {
        if (name.endsWith(TEMPORARY_SUFFIX)
            && !(parse(name.substring(0, name.length() - TEMPORARY_SUFFIX.length()))
                instanceof Foreign)) {
          yield new Temporary();
        }
        yield numbered(name);
      }
    };
  }

  private static StoreFileName numbered(String name) {
    try {
      Matcher segment = Patterns.SEGMENT.matcher(name);
      if (segment.matches()) {
        int lane = Integer.parseInt(segment.group(1));
        long number = Long.parseLong(segment.group(2));
        if (segment(lane, number).equals(name)) {
          return new Segment(lane, number);
        }
      }
      Matcher snapshot = Patterns.SNAPSHOT.matcher(name);
      if (snapshot.matches()) {
        int keyspace = Integer.parseInt(snapshot.group(1));
        long sequence = Long.parseLong(snapshot.group(2));
        if (snapshot(keyspace, sequence).equals(name)) {
          return new Snapshot(keyspace, sequence);
        }
      }
      Matcher manifest = Patterns.MANIFEST.matcher(name);
      if (manifest.matches()) {
        int keyspace = Integer.parseInt(manifest.group(1));
        long number = Long.parseLong(manifest.group(2));
        if (manifest(keyspace, number).equals(name)) {
          return new Manifest(keyspace, number);
        }
      }
    } catch (NumberFormatException tooLarge) {
      return new Foreign();
    }
    return new Foreign();
  }

  /** Compiled once. */
  final class Patterns {
    private static final Pattern SEGMENT = Pattern.compile("log-(\\d{2})-(\\d{10,})\\.seg");
    private static final Pattern SNAPSHOT = Pattern.compile("ks-(\\d+)-(\\d+)\\.snap");

    private static final Pattern MANIFEST = Pattern.compile("ks-(\\d+)-(\\d+)\\.manifest");

    private Patterns() {}
  }
}
