package dev.varve.store;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.blob.BlobScan;
import dev.varve.engine.lsm.blob.BlobScan.Found;
import dev.varve.fs.FileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Describes a blob file.
///
/// @threads stateless
final class BlobInspection {
  private BlobInspection() {}

  /// Reads the whole file; lists at most `itemsMax` records.
  ///
  /// @throws CorruptionException when its envelope is damaged
  /// @throws IOException when the device refuses
  static void describe(
      FileSystem fs,
      Path file,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    long records = 0;
    long valueBytes = 0;
    long storedBytes = 0;
    try (BlobScan scan = BlobScan.open(fs, file)) {
      properties.put("keyspace", "" + scan.envelope().scope());
      for (Found found = scan.next(); found != Found.END; found = scan.next()) {
        if (found == Found.DAMAGED) {
          problems.add(String.valueOf(scan.problem().getMessage()));
          continue;
        }
        BlobReference reference = scan.reference();
        records++;
        valueBytes += reference.valueLength();
        storedBytes += reference.storedLength();
        boolean sound = isSound(scan, problems);
        if (items.size() < itemsMax) {
          items.add(
              new Item(
                  reference.offset(),
                  reference.recordBytes(),
                  sound ? "record" : "damaged record",
                  "commit "
                      + scan.sequence()
                      + ", a key of "
                      + reference.keyLength()
                      + " bytes, a value of "
                      + reference.valueLength()
                      + ", codec "
                      + BlockCodecs.nameOf(scan.codec())));
        }
      }
    }
    properties.put("records", "" + records);
    properties.put("bytes of values", "" + valueBytes);
    properties.put("bytes of values as stored", "" + storedBytes);
  }

  private static boolean isSound(BlobScan scan, List<String> problems) throws IOException {
    try {
      scan.check();
      return true;
    } catch (CorruptionException e) {
      problems.add(String.valueOf(e.getMessage()));
      return false;
    }
  }
}
