package dev.varve.engine.lsm.sstable;

import dev.varve.codec.BlockCodecs;
import dev.varve.fs.FileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Describes an sstable for people, whole or damaged, without the store.
///
/// @threads one at a time
public final class SstableInspection {
  /** The blocks of one codec. */
  private static final class Blocks {
    private long count;
    private long bytes;
    private long plainBytes;
  }

  private final SstableRemains remains;
  private final Map<String, String> properties;
  private final List<Item> items;
  private final List<String> problems;
  private final Map<Integer, Blocks> codecs = new TreeMap<>();
  private final SstableTally tally = new SstableTally();
  private boolean disorder;

  private SstableInspection(
      SstableRemains remains,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems) {
    this.remains = remains;
    this.properties = properties;
    this.items = items;
    this.problems = problems;
  }

  /// Describes the file: adds to `properties`, to `items` its parts and up to `itemsMax` data
  /// blocks, and to `problems` what is wrong. Reads all of it.
  ///
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  public static void describe(
      FileSystem fileSystem,
      Path file,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    try (SstableRemains remains = SstableRemains.open(fileSystem, file, null)) {
      new SstableInspection(remains, properties, items, problems).run(itemsMax);
    } catch (CorruptionException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
  }

  private void run(int itemsMax) throws IOException {
    describeProperties();
    describeParts();
    while (remains.nextBlock()) {
      int place = remains.place();
      long size = remains.places().size(place);
      if (place < itemsMax) {
        describeBlock(place, size);
      }
      Blocks blocks = codecs.computeIfAbsent(remains.codec(), _ -> new Blocks());
      blocks.count++;
      blocks.bytes += size;
      blocks.plainBytes += remains.plainBytes();
      readBlock();
    }
    for (int place = 0; place < Math.min(itemsMax, remains.places().count()); place++) {
      if (remains.places().isDamage(place)) {
        BlockPlaces places = remains.places();
        items.add(new Item(places.begin(place), places.size(place), "damage", ""));
      }
    }
    codecs.forEach(this::describeCodec);
    problems.addAll(remains.problems());
    problems.addAll(remains.losses());
    if (problems.isEmpty()) {
      compare();
    }
  }

  private void readBlock() throws IOException {
    for (int i = remains.blockEntries(); i > 0; i--) {
      boolean _ = remains.next();
      int order = tally.compareLast(remains.keyArray(), 0, remains.keyLength());
      disorder |= order > 0 || (order == 0 && remains.stamp() >= tally.lastStamp());
      tally.add(remains);
    }
    tally.addBlock(remains.plainBytes());
  }

  private void describeProperties() {
    @Nullable SstableProperties own = remains.properties();
    if (own == null) {
      return;
    }
    properties.put("entries", "" + own.entries());
    properties.put("tombstones among them", "" + own.tombstones());
    properties.put("keys", "" + own.keys());
    properties.put("range tombstones", "" + own.rangeTombstones());
    properties.put("bytes of keys", "" + own.keyBytes());
    properties.put("bytes of values", "" + own.valueBytes());
    properties.put("commits", own.smallestSequence() + " to " + own.largestSequence());
    properties.put("data blocks", "" + own.dataBlocks());
    properties.put(
        "filter",
        own.filterLines() == 0
            ? "none"
            : own.filterLines() + " lines of 64 bytes, " + own.filterProbes() + " bits a key");
    properties.put("content", Long.toHexString(own.content()));
  }

  private void describeParts() {
    @Nullable SstableFooter own = remains.footer();
    if (own == null) {
      return;
    }
    long end = own.fileSize() - SstableFooter.SIZE;
    part("data blocks", SstableFooter.DATA, own.filter(), remains.places().blocks() + " blocks");
    part("filter", own.filter(), own.tombstones(), "");
    int tombstones = remains.rangeTombstones().all().size();
    part("range tombstones", own.tombstones(), own.leaves(), "" + tombstones);
    part("index leaves", own.leaves(), own.top(), remains.leaves() + " blocks");
    part("index top", own.top(), own.properties(), "");
    part("properties", own.properties(), end, "");
    part("footer", end, own.fileSize(), "");
  }

  private void part(String what, long begin, long end, String detail) {
    if (end > begin) {
      items.add(new Item(begin, end - begin, what, detail));
    }
  }

  private void describeBlock(int place, long size) {
    items.add(
        new Item(
            remains.places().begin(place),
            size,
            "data block",
            remains.blockEntries()
                + " entries, "
                + remains.plainBytes()
                + " bytes, codec "
                + BlockCodecs.nameOf(remains.codec())));
  }

  private void describeCodec(int codec, Blocks blocks) {
    properties.put(
        "codec " + BlockCodecs.nameOf(codec),
        blocks.count
            + " blocks, "
            + blocks.bytes
            + " bytes for "
            + blocks.plainBytes
            + " uncompressed");
  }

  private void compare() {
    @Nullable SstableProperties own = remains.properties();
    if (disorder) {
      problems.add("its entries are out of order");
    } else if (own != null) {
      remains.rangeTombstones().all().forEach(tally::add);
      if (!tally.properties(own.filterLines(), own.filterProbes()).equals(own)) {
        problems.add("its properties are not those of its entries: " + own);
      }
    }
  }
}
