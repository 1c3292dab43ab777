package dev.varve.engine.lsm.version;

import dev.varve.engine.lsm.version.Manifest.Place;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.kv.FileInspection.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Describes a manifest for people: its edits, and the version that they lead to.
///
/// @threads stateless
public final class ManifestInspection {
  private ManifestInspection() {}

  /// Adds what is in a manifest to `properties`, `items` (up to `itemsMax` edits, and as many
  /// sstables and blob files) and `problems`.
  ///
  /// @param envelope the file's envelope, which is sound
  /// @throws IOException when the device refuses
  public static void describe(
      FileSystem fileSystem,
      Path file,
      Envelope envelope,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    int keyspace = (int) envelope.scope();
    Place place =
        new Place(fileSystem, directory == null ? file : directory, envelope.store(), keyspace);
    String name = StoreFileName.manifest(keyspace, envelope.number());
    if (!name.equals(String.valueOf(file.getFileName()))) {
      problems.add("the file's name is not " + name);
    }
    ManifestRemains remains = ManifestRemains.read(file, place, envelope.number());
    properties.put("keyspace", "" + keyspace);
    properties.put("edits", "" + remains.edits().size());
    properties.put("bytes of a torn edit", "" + remains.tornBytes());
    problems.addAll(remains.problems());
    for (ManifestRemains.Found found : remains.edits()) {
      if (items.size() == itemsMax) {
        break;
      }
      items.add(
          new Item(found.position(), found.length(), "edit " + found.index(), text(found.edit())));
    }
    Version version = remains.version();
    if (version != null) {
      describe(version, items.size() + itemsMax, properties, items);
    }
  }

  private static void describe(
      Version version, int itemsMax, Map<String, String> properties, List<Item> items) {
    properties.put("flushed through", "" + version.flushedThrough());
    properties.put("next file number", "" + version.nextNumber());
    for (int level = 0; level < Version.LEVELS; level++) {
      List<SstableMeta> sstables = version.level(level);
      if (!sstables.isEmpty()) {
        properties.put(
            "level " + level, sstables.size() + " sstables, " + version.bytes(level) + " bytes");
      }
      for (SstableMeta sstable : sstables) {
        if (items.size() < itemsMax) {
          String detail =
              sstable
                  + ", commits "
                  + sstable.smallestSequence()
                  + " to "
                  + sstable.largestSequence();
          items.add(new Item(0, sstable.fileBytes(), "level " + level, detail));
        }
      }
    }
    for (Version.BlobFile blob : version.blobs()) {
      if (items.size() < itemsMax) {
        String detail = "blob file " + blob.number() + ", " + blob.liveBytes() + " bytes live";
        items.add(new Item(0, blob.fileBytes(), "blobs", detail));
      }
    }
  }

  /** An edit in one line, without keys. */
  private static String text(VersionEdit edit) {
    List<String> parts = new ArrayList<>();
    edit.removed().forEach(one -> parts.add("-L" + one.level() + " " + one.number()));
    for (VersionEdit.Added one : edit.added()) {
      SstableMeta sstable = one.sstable();
      parts.add(
          "+L"
              + one.level()
              + " "
              + sstable.number()
              + " ("
              + sstable.fileBytes()
              + " B, "
              + sstable.counts().entries()
              + " entries)");
    }
    for (BlobChange change : edit.blobs()) {
      parts.add(
          switch (change) {
            case BlobChange.Comes(long number, long bytes, long _) ->
                "+blob " + number + " (" + bytes + " B)";
            case BlobChange.Dies(long number, long bytes) ->
                "blob " + number + " loses " + bytes + " B";
            case BlobChange.Goes(long number) -> "-blob " + number;
          });
    }
    if (edit.flushedThrough() > 0) {
      parts.add("flushed through " + edit.flushedThrough());
    }
    if (edit.nextNumber() > 0) {
      parts.add("next number " + edit.nextNumber());
    }
    return String.join(", ", parts);
  }
}
