package dev.varve.store;

import dev.varve.export.ExportReader;
import dev.varve.export.ExportedKeyspace;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection.Item;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Describes an export, for people.
final class ExportInspection {
  private ExportInspection() {}

  static void describe(
      FileSystem fs,
      Path path,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    try (StoreFile file = fs.open(path, OpenMode.READ)) {
      ExportReader reader = new ExportReader(stream(file), path);
      properties.put("as of commit", "" + reader.envelope().number());
      properties.put("keyspaces", "" + reader.keyspaces().size());
      for (ExportedKeyspace each : reader.keyspaces()) {
        long begin = reader.position();
        long entries = 0;
        while (reader.next()) {
          entries++;
        }
        if (items.size() < itemsMax) {
          String detail = each.options().strip().replace("\n", " ") + ", " + entries + " entries";
          items.add(
              new Item(begin, reader.position() - begin, "keyspace '" + each.name() + "'", detail));
        }
      }
      reader.end();
      properties.put("entries", "" + reader.entries());
    } catch (CorruptionException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
  }

  private static InputStream stream(StoreFile file) {
    return new BufferedInputStream(
        new InputStream() {
          private long position;

          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
          }

          @Override
          public int read(byte[] target, int offset, int count) throws IOException {
            int read = file.read(position, MemorySegment.ofArray(target).asSlice(offset, count));
            position += read;
            return read == 0 && count > 0 ? -1 : read;
          }
        },
        1 << 16);
  }
}
