package dev.varve.store;

import dev.varve.export.ExportedKeyspace;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.EngineKind;
import dev.varve.kv.ExportReport;
import dev.varve.kv.ImportMode;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import dev.varve.kv.VarveException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes an export into an open store.
///
/// @threads one at a time; readers and writers go on
final class StoreImport implements ExportCheck.Receiver {
  /* Where the engine keeps sorted files a keyspace enters as one bulk load, elsewhere in batches that
   * wait for no device; one sync at the end covers all. Nothing is written before every keyspace of
   * the export was looked at, and what was written is taken out again when anything fails, for only the
   * last part of an export says that it was whole. */

  private final Store store;
  private final Path name;
  private final ImportMode mode;

  /** Where the entries of each keyspace of the export go. */
  private final List<Keyspace> targets = new ArrayList<>();

  /** Those of them that were made for it. */
  private final List<Keyspace> made = new ArrayList<>();

  private @Nullable BulkLoad load;
  private @Nullable BatchedPuts puts;

  StoreImport(Store store, Path name, ImportMode mode) {
    this.store = store;
    this.name = name;
    this.mode = mode;
  }

  ExportReport run(InputStream source, ProgressListener listener, StoreCore core) {
    ExportReport report;
    try {
      report = new ExportCheck("import", name, listener, core.clock()).run(source, this);
      store.sync();
    } catch (Throwable failure) {
      takeBack(failure);
      throw failure;
    }
    for (int i = 0; i < targets.size(); i++) {
      requireCount(targets.get(i), report.keyspaces().get(i).entries());
    }
    return report;
  }

  @Override
  public void begin(List<ExportedKeyspace> keyspaces) {
    List<KeyspaceOptions> options = new ArrayList<>();
    for (ExportedKeyspace each : keyspaces) {
      options.add(KeyspaceOptions.parse(each.options()));
      Optional<Keyspace> existing = store.findKeyspace(each.name());
      if (mode == ImportMode.INTO_EMPTY && existing.isPresent() && !existing.get().isEmpty()) {
        throw new UsageException(
            "the keyspace '"
                + each.name()
                + "' has entries already, and nothing was imported. Import into another store, drop"
                + " the keyspace, or have it overwritten (ImportMode.OVERWRITE, varve import"
                + " --overwrite)");
      }
    }
    for (int i = 0; i < keyspaces.size(); i++) {
      targets.add(target(keyspaces.get(i).name(), options.get(i)));
    }
  }

  private Keyspace target(String of, KeyspaceOptions options) {
    Optional<Keyspace> existing = store.findKeyspace(of);
    if (existing.isEmpty()) {
      Keyspace fresh = store.keyspace(of, options);
      made.add(fresh);
      return fresh;
    }
    if (mode == ImportMode.OVERWRITE) {
      existing.get().clear();
    }
    return existing.get();
  }

  @Override
  public void put(int keyspace, byte[] key, byte[] value) {
    Keyspace target = targets.get(keyspace);
    if (target.options().engine() == EngineKind.LSM) {
      BulkLoad into = load == null ? target.bulkLoad() : load;
      load = into;
      into.put(key, value);
    } else {
      BatchedPuts into = puts == null ? new BatchedPuts(store, target) : puts;
      puts = into;
      into.put(key, value);
    }
  }

  @Override
  public void end(int keyspace) {
    if (load != null) {
      load.commit();
      load = null;
    }
    if (puts != null) {
      puts.finish();
      puts = null;
    }
  }

  private static void requireCount(Keyspace target, long wanted) {
    long found = target.count();
    if (found != wanted) {
      throw new UsageException(
          "the keyspace '"
              + target.name()
              + "' has "
              + found
              + " entries where "
              + wanted
              + " were imported: others wrote to it meanwhile. What is there was left as it is;"
              + " import again when nobody else writes");
    }
  }

  private void takeBack(Throwable failure) {
    if (load != null) {
      load.close();
    }
    for (Keyspace target : targets) {
      try {
        if (made.contains(target)) {
          store.dropKeyspace(target.name());
        } else {
          target.clear();
        }
      } catch (VarveException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
