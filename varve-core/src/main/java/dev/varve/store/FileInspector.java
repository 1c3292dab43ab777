package dev.varve.store;

import dev.varve.engine.btree.heap.HeapInspection;
import dev.varve.engine.btree.heap.HeapMapInspection;
import dev.varve.engine.lsm.sstable.SstableInspection;
import dev.varve.engine.lsm.version.ManifestInspection;
import dev.varve.engine.memory.SnapshotFileReader;
import dev.varve.engine.memory.SnapshotFileReader.Found;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.LockHeldException;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection;
import dev.varve.kv.FileInspection.Item;
import dev.varve.kv.FormatException;
import dev.varve.kv.StoreIoException;
import dev.varve.log.SegmentInspection;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Describes one file of a store, for people, without the store.
///
/// @threads stateless
public final class FileInspector {
  private static final int LOCK_BYTES_MAX = 4096;

  private FileInspector() {}

  /// Describes a file.
  ///
  /// @param itemsMax how many of its parts are listed at most
  /// @throws FormatException when it is no file of Varve's, or of a newer version
  /// @throws CorruptionException when its beginning is damaged
  /// @throws StoreIoException when it cannot be read
  public static FileInspection inspect(FileSystem fileSystem, Path file, int itemsMax) {
    try {
      return describe(fileSystem, file.toAbsolutePath().normalize(), itemsMax);
    } catch (IOException e) {
      throw new StoreIoException(file + " cannot be read", e);
    }
  }

  private static FileInspection describe(FileSystem fs, Path file, int itemsMax)
      throws IOException {
    Map<String, String> properties = new LinkedHashMap<>();
    List<Item> items = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    byte[] head;
    try (StoreFile opened = fs.open(file, OpenMode.READ)) {
      long size = opened.size();
      properties.put("size", size + " bytes");
      head = new byte[(int) Math.min(size, LOCK_BYTES_MAX)];
      opened.readFully(0, MemorySegment.ofArray(head));
    } catch (LockHeldException held) {
      held.holder()
          .ifPresent(
              holder -> {
                properties.put("pid", "" + holder.processId());
                properties.put("since", "" + holder.since());
              });
      return new FileInspection("lock", properties, items, problems);
    }
    String name = String.valueOf(file.getFileName());
    if (StoreFileName.parse(name) instanceof StoreFileName.Lock) {
      new String(head, StandardCharsets.UTF_8)
          .lines()
          .forEach(
              line -> {
                int equals = line.indexOf('=');
                if (equals > 0) {
                  properties.put(line.substring(0, equals), line.substring(equals + 1));
                }
              });
      return new FileInspection("lock", properties, items, problems);
    }
    if (StoreFileName.parse(name) instanceof StoreFileName.Sstable && !isSound(head)) {
      // Much of it can be told without the envelope.
      SstableInspection.describe(fs, file, itemsMax, properties, items, problems);
      return new FileInspection("" + FileKind.SSTABLE, properties, items, problems);
    }
    Envelope envelope =
        Envelope.read(file, java.util.Arrays.copyOf(head, Math.min(head.length, Envelope.SIZE)));
    properties.put("format version", "" + envelope.version());
    properties.put("store", "" + envelope.store());
    properties.put("made", "" + Instant.ofEpochMilli(envelope.createdMillis()));
    switch (envelope.kind()) {
      case CATALOG -> describeCatalog(Catalog.read(fs, file), properties, items);
      case LOG_SEGMENT ->
          SegmentInspection.describe(fs, file, envelope, itemsMax, properties, items, problems);
      case MEMORY_SNAPSHOT -> describeSnapshot(fs, file, itemsMax, properties, items, problems);
      case SSTABLE -> {
        describePlace(file, envelope, properties, problems);
        SstableInspection.describe(fs, file, itemsMax, properties, items, problems);
      }
      case MANIFEST ->
          ManifestInspection.describe(fs, file, envelope, itemsMax, properties, items, problems);
      case BLOB -> BlobInspection.describe(fs, file, itemsMax, properties, items, problems);
      case HEAP ->
          HeapInspection.describe(fs, file, envelope, itemsMax, properties, items, problems);
      case HEAP_MAP ->
          HeapMapInspection.describe(fs, file, envelope, itemsMax, properties, items, problems);
      case EXPORT -> ExportInspection.describe(fs, file, itemsMax, properties, items, problems);
    }
    return new FileInspection("" + envelope.kind(), properties, items, problems);
  }

  private static boolean isSound(byte[] head) {
    return head.length >= Envelope.SIZE && Envelope.isSound(head);
  }

  private static void describePlace(
      Path file, Envelope envelope, Map<String, String> properties, List<String> problems) {
    properties.put("keyspace", "" + envelope.scope());
    properties.put("file number", "" + envelope.number());
    String name = StoreFileName.sstable((int) envelope.scope(), envelope.number());
    if (!name.equals(String.valueOf(file.getFileName()))) {
      problems.add("the file's name is not " + name);
    }
  }

  private static void describeCatalog(
      Catalog catalog, Map<String, String> properties, List<Item> items) {
    properties.put("edition", "" + catalog.edition());
    properties.put("catalog through", "" + catalog.catalogThrough());
    properties.put("durable through", "" + catalog.durableThrough());
    properties.put("incarnation of the log", "" + catalog.incarnation());
    properties.put("next keyspace", "" + catalog.nextKeyspace());
    properties.put("first segment needed, by lane", "" + catalog.firstNeeded());
    properties.put("options", catalog.options().strip().replace("\n", " "));
    for (Catalog.Entry entry : catalog.keyspaces()) {
      items.add(
          new Item(
              0,
              0,
              "keyspace " + entry.id(),
              "'"
                  + entry.name()
                  + "', "
                  + entry.options().strip().replace("\n", " ")
                  + ", flushed through "
                  + entry.flushedThrough()
                  + (entry.engineState().length == 0 ? ", no file" : "")));
    }
  }

  private static void describeSnapshot(
      FileSystem fs,
      Path file,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    try (SnapshotFileReader reader = new SnapshotFileReader(fs, file)) {
      properties.put("keyspace", reader.envelope().scope() + " '" + reader.name() + "'");
      properties.put("options", reader.options().strip().replace("\n", " "));
      properties.put("as of commit", "" + reader.envelope().number());
      long entries = 0;
      long blocks = 0;
      for (Found found = reader.next(); found != Found.END; found = reader.next()) {
        blocks++;
        if (found != Found.BLOCK) {
          problems.add(String.valueOf(reader.problem().getMessage()));
        } else {
          entries += reader.count();
        }
        if (items.size() < itemsMax && found != Found.LOST) {
          items.add(
              new Item(
                  reader.blockPosition(),
                  reader.position() - reader.blockPosition(),
                  found == Found.BLOCK ? "block" : "damaged block",
                  found == Found.BLOCK ? reader.count() + " entries" : ""));
        }
        if (found == Found.LOST) {
          break;
        }
      }
      properties.put("blocks", "" + blocks);
      properties.put("entries", "" + entries);
    }
  }
}
