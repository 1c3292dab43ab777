package dev.varve.engine.lsm;

import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.sstable.SstableRemains;
import dev.varve.format.StoreFileName;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Values that stand in blob files, as far as they can be read.
///
/// @threads one at a time
/// @lifetime until [#close]
final class SalvageBlobs implements AutoCloseable {
  private static final int OPEN_MAX = 16;

  /** What was lost of a file. */
  private static final class Lost {
    private long values;
    private final String first;

    Lost(String first) {
      this.first = first;
    }
  }

  private final BlobEnvironment environment;

  /** By file number, the one that was used last at the end. */
  private final LinkedHashMap<Long, BlobReader> open = new LinkedHashMap<>(16, 0.75f, true);

  private final Map<Long, Lost> lost = new TreeMap<>();
  private long noReferences;

  SalvageBlobs(BlobEnvironment environment) {
    this.environment = environment;
  }

  /// The value that the entry refers to; null, and a loss more, when it cannot be read.
  ///
  /// @throws IOException when a file cannot be closed
  byte @Nullable [] value(SstableRemains entry) throws IOException {
    byte[] bytes = entry.value();
    BlobReference reference = BlobReference.decode(bytes, 0, bytes.length);
    if (reference == null) {
      noReferences++;
      return null;
    }
    try {
      return reader(reference.file()).get(reference);
    } catch (VarveException | IOException e) {
      lost.computeIfAbsent(reference.file(), _ -> new Lost(e.getMessage() + "")).values++;
      return null;
    }
  }

  private BlobReader reader(long number) throws IOException {
    BlobReader known = open.get(number);
    if (known != null) {
      return known;
    }
    if (open.size() == OPEN_MAX) {
      Map.Entry<Long, BlobReader> oldest = open.firstEntry();
      open.remove(oldest.getKey());
      oldest.getValue().release();
    }
    BlobReader opened = BlobReader.openDamaged(environment, number);
    open.put(number, opened);
    return opened;
  }

  /// Tells what was lost, file by file.
  void tell(Consumer<String> losses) {
    lost.forEach(
        (number, one) ->
            losses.accept(
                StoreFileName.blob(environment.keyspace(), number)
                    + ": "
                    + one.values
                    + " values are lost with their keys; the first: "
                    + one.first));
    if (noReferences > 0) {
      losses.accept(noReferences + " entries refer to no place in a blob file and are lost");
    }
  }

  @Override
  public void close() throws IOException {
    for (BlobReader reader : open.values()) {
      reader.release();
    }
    open.clear();
  }
}
