package dev.varve.cli.load;

import dev.varve.cli.text.Amounts;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Loads the rows of a file into a keyspace, batch by batch.
///
/// @threads one at a time
public final class LoadJob {
  /*
   * Each batch is one commit of some rows and of the position behind them. Whatever interrupts a load,
   * the position found afterwards is the one behind the last row that is in, and the rows up to it are
   * read over, not loaded again. The position is deleted in the commit of the last rows.
   *
   * A large file into an empty keyspace whose engine has files is one commit: whatever interrupts it
   * leaves nothing, and it has no position.
   */
  /// The keyspace of positions.
  public static final String POSITIONS = "varve.load";

  /// A file of so many bytes is loaded at once, into an empty keyspace of the engine LSM.
  public static final long BULK_BYTES = 16L << 20;

  private static final int BATCH_BYTES = 8 << 20;
  private static final int ROWS_BETWEEN_STEPS = 1024;

  private final Store store;
  private final Keyspace keyspace;
  private final Settings settings;
  private final Listener listener;
  private final WriteBatch batch = new WriteBatch();
  private final Set<ByteBuffer> batchKeys = new HashSet<>();
  private @Nullable Keyspace positions;
  private byte @Nullable [] positionKey;

  /// How to load.
  ///
  /// @param batchRows how many rows a commit has at most
  /// @param isStrict whether the first malformed row ends the load
  /// @param durability when each commit is acknowledged
  /// @param bulkBytes from this size on a file is loaded at once, where that can be
  public record Settings(int batchRows, boolean isStrict, Durability durability, long bulkBytes) {
    /// With the usual size from which on a file is loaded at once.
    public Settings(int batchRows, boolean isStrict, Durability durability) {
      this(batchRows, isStrict, durability, BULK_BYTES);
    }
  }

  /// Who hears of a load.
  ///
  /// @param progress how far it is; may stop it
  /// @param found how many rows an interrupted run had read, and whether that was a run of the same
  ///   file in the same way, so that this one goes on from there
  /// @param malformed rows that were rejected
  public record Listener(
      ProgressListener progress,
      BiConsumer<Long, Boolean> found,
      Consumer<Row.Malformed> malformed) {}

  /// A load into a keyspace of a store, to be run once.
  public LoadJob(Store store, Keyspace keyspace, Settings settings, Listener listener) {
    this.store = store;
    this.keyspace = keyspace;
    this.settings = settings;
    this.listener = listener;
  }

  /// Loads, from where an interrupted run of the same stopped, or else from the beginning.
  ///
  /// @throws CancellationException when the listener stopped it; the rows read until then are in,
  ///   or none of them where [#isBulk] says so
  public LoadReport run(LoadSource source) throws IOException {
    long begun = System.nanoTime();
    LoadPosition start = start(source);
    if (isBulk(source, start)) {
      return runAtOnce(source, begun);
    }
    RowReader rows = source.rows();
    LoadPosition position = start;
    boolean complete = true;
    long read = 0;
    for (Row row = rows.next(); row != null && complete; row = complete ? rows.next() : null) {
      if (++read % ROWS_BETWEEN_STEPS == 0 && !step(source, read, begun)) {
        // The row at hand is not counted as read: the next run reads it again.
        write(position, false);
        throw new CancellationException("interrupted");
      }
      if (read <= start.rows()) {
        continue;
      }
      switch (row) {
        case Row.Malformed malformed -> {
          listener.malformed().accept(malformed);
          // Where the first ends the load, it stays unread, for a run with the file as it is.
          complete = !settings.isStrict();
          position = complete ? position.afterRejected() : position;
        }
        case Row.Loadable loadable -> {
          position = position.afterLoaded(add(loadable));
          if (batch.size() >= settings.batchRows() || batch.byteSize() >= BATCH_BYTES) {
            write(position, false);
          }
        }
      }
    }
    write(position, complete);
    return new LoadReport(
        position.loaded(),
        position.replaced(),
        position.rejected() + (complete ? 0 : 1),
        start.rows(),
        source.bytesRead(),
        complete,
        Duration.ofNanos(System.nanoTime() - begun));
  }

  /// Whether the load is one commit, as it is for large files into an empty keyspace whose engine
  /// has files: to be asked before [#run].
  ///
  /// @throws IOException when the file's size cannot be read
  public boolean isBulk(LoadSource source) throws IOException {
    return source.file() != null
        && source.size() >= settings.bulkBytes()
        && !settings.isStrict()
        && keyspace.options().engine() == EngineKind.LSM
        && keyspace.isEmpty();
  }

  private boolean isBulk(LoadSource source, LoadPosition start) throws IOException {
    return start.rows() == 0 && isBulk(source);
  }

  private LoadReport runAtOnce(LoadSource source, long begun) throws IOException {
    RowReader rows = source.rows();
    LoadPosition position = LoadPosition.begin(source.identity());
    try (BulkLoad load = keyspace.bulkLoad()) {
      long read = 0;
      for (Row row = rows.next(); row != null; row = rows.next()) {
        if (++read % ROWS_BETWEEN_STEPS == 0 && !step(source, read, begun)) {
          throw new CancellationException("interrupted");
        }
        switch (row) {
          case Row.Malformed malformed -> {
            listener.malformed().accept(malformed);
            position = position.afterRejected();
          }
          case Row.Loadable loadable -> {
            load.put(loadable.key(), loadable.value());
            position = position.afterLoaded(false);
          }
        }
      }
      load.commit(listener.progress());
    }
    // Of an earlier run that was interrupted, with the file as it was then.
    write(position, true);
    return new LoadReport(
        position.loaded(),
        position.loaded() - keyspace.count(),
        position.rejected(),
        0,
        source.bytesRead(),
        true,
        Duration.ofNanos(System.nanoTime() - begun));
  }

  /** The position to go on from. */
  private LoadPosition start(LoadSource source) throws IOException {
    String text = source.identity();
    if (source.file() == null) {
      return LoadPosition.begin(text);
    }
    positionKey = (source.file() + "\0" + keyspace.name()).getBytes(StandardCharsets.UTF_8);
    positions = store.findKeyspace(POSITIONS).orElse(null);
    byte[] kept = positions == null ? null : positions.get(positionKey);
    LoadPosition position = kept == null ? null : LoadPosition.parse(kept);
    if (position == null) {
      return LoadPosition.begin(text);
    }
    boolean same = position.source().equals(text);
    listener.found().accept(position.rows(), same);
    return same ? position : LoadPosition.begin(text);
  }

  private boolean step(LoadSource source, long read, long begun) throws IOException {
    return listener
        .progress()
        .onProgress(
            new Progress(
                "load, " + Amounts.count(read) + " rows",
                "bytes",
                source.bytesRead(),
                source.size(),
                Duration.ofNanos(System.nanoTime() - begun)));
  }

  /** Adds a row to the batch; answers whether its key has a value already. */
  private boolean add(Row.Loadable row) {
    boolean replaces = !batchKeys.add(ByteBuffer.wrap(row.key())) || keyspace.contains(row.key());
    batch.put(keyspace, row.key(), row.value());
    return replaces;
  }

  /** Commits the batch and the position behind it. */
  private void write(LoadPosition position, boolean isEnd) {
    byte @Nullable [] key = positionKey;
    if (key != null && !isEnd) {
      if (positions == null) {
        positions = store.keyspace(POSITIONS, KeyspaceOptions.of(EngineKind.ARRAY));
      }
      batch.put(positions, key, position.toBytes());
    } else if (key != null && positions != null) {
      batch.delete(positions, key);
    }
    if (!batch.isEmpty()) {
      store.write(batch, settings.durability());
    }
    batch.clear();
    batchKeys.clear();
    if (isEnd && positions != null && positions.isEmpty()) {
      store.dropKeyspace(POSITIONS);
      positions = null;
    }
  }
}
