package dev.varve.engine.btree.heap;

import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Describes a heap file for people: which sound slots are in it. Which of them count only the map
/// says.
///
/// @threads stateless
public final class HeapInspection {
  private HeapInspection() {}

  /// Adds what is in a heap file to `properties`, `items` (up to `itemsMax` slots) and `problems`.
  /// Reads all of it.
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
    int keyspace = (int) envelope.scope();
    properties.put("keyspace", "" + keyspace);
    properties.put("file number", "" + envelope.number());
    String name = StoreFileName.heap(keyspace, envelope.number());
    if (!name.equals(String.valueOf(file.getFileName()))) {
      problems.add("the file's name is not " + name);
    }
    try (StoreFile opened = fileSystem.open(file, OpenMode.READ)) {
      int slabBytes = HeapFile.slabBytes(file, HeapFile.readHead(opened));
      properties.put("bytes of a slab", "" + slabBytes);
      properties.put(
          "slabs", "" + Math.ceilDiv(opened.size() - SlabTable.HEAD_BYTES, (long) slabBytes));
    } catch (CorruptionException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    SlotHeader.Place place = SlotHeader.Place.of(envelope.store(), keyspace, envelope.number());
    long leaves = 0;
    long values = 0;
    long further = 0;
    long bytes = 0;
    long newest = 0;
    try (SlotScan scan = SlotScan.open(fileSystem, file, place)) {
      while (scan.next()) {
        SlotHeader header = scan.header();
        boolean leaf = header.kind() == ObjectKind.LEAF.code();
        further += header.piece() > 0 ? 1 : 0;
        leaves += header.piece() == 0 && leaf ? 1 : 0;
        values += header.piece() == 0 && !leaf ? 1 : 0;
        bytes += header.length();
        newest = Math.max(newest, header.generation());
        if (items.size() < itemsMax) {
          items.add(item(scan.offset(), header, leaf));
        }
      }
    }
    properties.put("leaves, of any age", "" + leaves);
    properties.put("large values, of any age", "" + values);
    properties.put("further pieces", "" + further);
    properties.put("bytes in them", "" + bytes);
    properties.put("newest batch", "" + newest);
  }

  private static Item item(long offset, SlotHeader header, boolean leaf) {
    String piece =
        header.pieces() == 1 ? "" : ", piece " + header.piece() + " of " + header.pieces();
    return new Item(
        offset,
        SlotHeader.BYTES + (long) header.length(),
        leaf ? "leaf" : "value",
        "object "
            + header.ordinal()
            + " of batch "
            + header.generation()
            + ", a name of "
            + header.nameLength()
            + " bytes, "
            + header.length()
            + " bytes in all"
            + piece);
  }
}
