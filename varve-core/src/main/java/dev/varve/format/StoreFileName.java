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

  /// Sorted entries of a keyspace.
  record Sstable(int keyspace, long number) implements StoreFileName {}

  /// Large values of a keyspace.
  record Blob(int keyspace, long number) implements StoreFileName {}

  /// A manifest of a keyspace's sstables.
  record Manifest(int keyspace, long number) implements StoreFileName {}

  /// Objects of a keyspace.
  record Heap(int keyspace, long number) implements StoreFileName {}

  /// A map of the objects of a keyspace.
  record HeapMap(int keyspace, long number) implements StoreFileName {}

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

  /// The name of an sstable.
  static String sstable(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.sst", keyspace, number);
  }

  /// The name of a blob file.
  static String blob(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.blob", keyspace, number);
  }

  /// The name of a manifest.
  static String manifest(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.manifest", keyspace, number);
  }

  /// The name of a heap file.
  static String heap(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.heap", keyspace, number);
  }

  /// The name of the map of a heap.
  static String heapMap(int keyspace, long number) {
    return String.format(Locale.ROOT, "ks-%d-%d.map", keyspace, number);
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
    Matcher segment = Patterns.SEGMENT.matcher(name);
    Matcher ofKeyspace = Patterns.OF_KEYSPACE.matcher(name);
    StoreFileName parsed = new Foreign();
    try {
      if (segment.matches()) {
        parsed = new Segment(Integer.parseInt(segment.group(1)), Long.parseLong(segment.group(2)));
      } else if (ofKeyspace.matches()) {
        int keyspace = Integer.parseInt(ofKeyspace.group(1));
        long number = Long.parseLong(ofKeyspace.group(2));
        parsed =
            switch (ofKeyspace.group(3)) {
              case "snap" -> new Snapshot(keyspace, number);
              case "sst" -> new Sstable(keyspace, number);
              case "blob" -> new Blob(keyspace, number);
              case "heap" -> new Heap(keyspace, number);
              case "map" -> new HeapMap(keyspace, number);
              default -> new Manifest(keyspace, number);
            };
      }
    } catch (NumberFormatException tooLarge) {
      return new Foreign();
    }
    return name.equals(nameOf(parsed)) ? parsed : new Foreign();
  }

  /** The one way to write it: numbers with zeros in front are none of Varve's. */
  private static String nameOf(StoreFileName parsed) {
    return switch (parsed) {
      case Segment(int lane, long number) -> segment(lane, number);
      case Snapshot(int keyspace, long sequence) -> snapshot(keyspace, sequence);
      case Sstable(int keyspace, long number) -> sstable(keyspace, number);
      case Blob(int keyspace, long number) -> blob(keyspace, number);
      case Manifest(int keyspace, long number) -> manifest(keyspace, number);
      case Heap(int keyspace, long number) -> heap(keyspace, number);
      case HeapMap(int keyspace, long number) -> heapMap(keyspace, number);
      case Lock _, Catalog _, Temporary _, Foreign _ -> "";
    };
  }

  /** Compiled once. */
  final class Patterns {
    private static final Pattern SEGMENT = Pattern.compile("log-(\\d{2})-(\\d{10,})\\.seg");
    private static final Pattern OF_KEYSPACE =
        Pattern.compile("ks-(\\d+)-(\\d+)\\.(snap|sst|blob|manifest|heap|map)");

    private Patterns() {}
  }
}
