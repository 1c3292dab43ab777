package dev.varve.log;

import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.FileInspection.Item;
import dev.varve.kv.MutationReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Describes a segment of a log, for people.
///
/// @threads stateless
public final class SegmentInspection {
  private SegmentInspection() {}

  /// Adds what is in a segment to `properties`, `items` (at most `itemsMax`) and `problems`.
  ///
  /// @param envelope the file's envelope, which is sound
  /// @throws dev.varve.kv.CorruptionException when its header is damaged
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
    StoreId store = envelope.store();
    SegmentPlace place = new SegmentPlace((int) envelope.scope(), envelope.number());
    try (SegmentScanner scanner = new SegmentScanner(fileSystem, file, place, store.salt())) {
      SegmentHeader header = SegmentHeader.decode(file, scanner.headerBytes(), envelope);
      properties.put("lane", "" + place.lane());
      properties.put("segment", "" + place.number());
      properties.put("previous segment", "" + header.previous());
      properties.put("incarnation", "" + header.incarnation());
      properties.put("lanes", "" + header.lanes());
      properties.put("made for", header.size() + " bytes");
      if (!(StoreFileName.parse(String.valueOf(file.getFileName()))
              instanceof StoreFileName.Segment(int lane, long number))
          || lane != place.lane()
          || number != place.number()) {
        problems.add(
            "the file's name is not " + StoreFileName.segment(place.lane(), place.number()));
      }
      long records = 0;
      long at = SegmentHeader.SIZE;
      boolean sealed = false;
      for (; scanner.readAt(at, scanner.fileSize()); at = scanner.end(), records++) {
        sealed = scanner.kind() == RecordKind.SEAL;
        if (items.size() < itemsMax) {
          items.add(item(scanner));
        }
      }
      properties.put("records", "" + records);
      properties.put("end", "" + at);
      properties.put("sealed", "" + sealed);
      if (scanner.findFrom(at)) {
        problems.add(
            "no sound record at byte "
                + at
                + ", but one at "
                + scanner.position()
                + ": a torn write, a tail left behind by a recovery, or damage");
      }
    }
  }

  private static Item item(SegmentScanner scanner) {
    StringBuilder detail = new StringBuilder();
    detail.append("sequence ").append(scanner.sequence());
    detail.append(", durable through ").append(scanner.durableThrough());
    if (scanner.kind() == RecordKind.COMMIT) {
      MutationReader reader =
          new MutationReader()
              .reset(
                  scanner.array(),
                  scanner.payloadOffset(),
                  scanner.payloadOffset() + scanner.payloadLength());
      int count = 0;
      String first = "";
      while (reader.next()) {
        if (count++ == 0) {
          first =
              reader.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                  + " in keyspace "
                  + reader.keyspace();
        }
      }
      detail.append(", ").append(first);
      if (count > 1) {
        detail.append(" and ").append(count - 1).append(" more");
      }
      if (reader.problem() != null) {
        detail.append(", ").append(reader.problem());
      }
    }
    return new Item(
        scanner.position(),
        scanner.end() - scanner.position(),
        scanner.kind().name().toLowerCase(Locale.ROOT),
        detail.toString());
  }
}
