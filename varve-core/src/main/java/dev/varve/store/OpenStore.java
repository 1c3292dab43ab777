package dev.varve.store;

import dev.varve.kv.Durability;
import dev.varve.kv.ExportReport;
import dev.varve.kv.ImportMode;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.RecoveryReport;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import dev.varve.kv.Transaction;
import dev.varve.kv.TransactionFunction;
import dev.varve.kv.TransactionOptions;
import dev.varve.kv.UsageException;
import dev.varve.kv.VerifyReport;
import dev.varve.kv.WriteBatch;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An open store, as its user sees it.
///
/// @threads safe
final class OpenStore implements Store {
  private final StoreCore core;
  private final RecoveryReport recovery;
  private final LeakDetector.Handle handle;

  /** What users hold of a keyspace. The core must not know these: they keep this store alive. */
  private final Map<Integer, StoreKeyspace> handles = new ConcurrentHashMap<>();

  OpenStore(StoreCore core, RecoveryReport recovery) {
    this.core = core;
    this.recovery = recovery;
    this.handle = core.leaks().track(this, "the store in " + core.directory(), core::close);
  }

  StoreCore core() {
    return core;
  }

  /// What users hold of a keyspace.
  StoreKeyspace handle(KeyspaceState state) {
    return handles.computeIfAbsent(state.id(), id -> new StoreKeyspace(this, state));
  }

  @Override
  public Keyspace keyspace(String name) {
    return handle(core.keyspace(name, null));
  }

  @Override
  public Keyspace keyspace(String name, KeyspaceOptions options) {
    return handle(core.keyspace(name, options));
  }

  @Override
  public Optional<Keyspace> findKeyspace(String name) {
    core.pipeline().requireOpen();
    return Optional.ofNullable(core.keyspaceTable().find(name)).map(this::handle);
  }

  @Override
  public List<Keyspace> keyspaces() {
    core.pipeline().requireOpen();
    return core.keyspaceTable().allByName().stream().<Keyspace>map(this::handle).toList();
  }

  @Override
  public void dropKeyspace(String name) {
    handles.remove(core.drop(name));
  }

  @Override
  public void write(WriteBatch batch) {
    write(batch, core.options().durability());
  }

  @Override
  public void write(WriteBatch batch, Durability durability) {
    CommitPipeline pipeline = core.pipeline();
    long sequence = 0;
    awaitRoom(batch);
    int lane = pipeline.lock();
    try {
      pipeline.requireUsable();
      for (Keyspace keyspace : batch.keyspaces()) {
        if (!(keyspace instanceof StoreKeyspace own) || own.store() != core) {
          throw new UsageException("the batch names a keyspace of another store");
        }
        own.requireReadable();
      }
      if (!batch.isEmpty()) {
        sequence = pipeline.commit(lane, batch.encoded(), durability, batch.isOnlyDeletes());
      }
    } finally {
      pipeline.unlock(lane);
    }
    pipeline.awaitDurable(sequence, durability);
  }

  private void awaitRoom(WriteBatch batch) {
    for (Keyspace keyspace : batch.keyspaces()) {
      if (keyspace instanceof StoreKeyspace own) {
        core.pipeline()
            .awaitRoom(own.keyspace().engine(), batch.byteSize(), !batch.isOnlyDeletes());
      }
    }
  }

  @Override
  public Snapshot snapshot() {
    core.pipeline().requireOpen();
    return StoreSnapshot.open(this);
  }

  @Override
  public Transaction begin(TransactionOptions options) {
    return StoreTransaction.begin(this, options, core.nextTransaction());
  }

  @Override
  public <T> @Nullable T transact(TransactionOptions options, TransactionFunction<T> function) {
    return new Transactor(this, options).run(function);
  }

  @Override
  public void sync() {
    core.pipeline().sync();
  }

  @Override
  public void flush() {
    flush(ProgressListener.NONE);
  }

  @Override
  public void flush(ProgressListener listener) {
    core.flusher().flush(new ThrottledListener(listener, core.clock()));
  }

  @Override
  public void compact(Keyspace keyspace, KeyRange range, ProgressListener listener) {
    if (!(keyspace instanceof StoreKeyspace own) || own.store() != core) {
      throw new UsageException("the keyspace is another store's");
    }
    own.requireReadable();
    own.compact(range, new ThrottledListener(listener, core.clock()));
  }

  @Override
  public VerifyReport verify(boolean deep, ProgressListener listener) {
    core.pipeline().requireOpen();
    return new Verifier(core, new ThrottledListener(listener, core.clock())).run(deep);
  }

  @Override
  public ExportReport exportTo(OutputStream target, ProgressListener listener) {
    return new StoreExport(this, new ThrottledListener(listener, core.clock())).run(target);
  }

  @Override
  public ExportReport importFrom(
      InputStream source, Path name, ImportMode mode, ProgressListener listener) {
    core.pipeline().requireUsable();
    return new StoreImport(this, name, mode).run(source, listener, core);
  }

  @Override
  public StoreStats stats() {
    core.pipeline().requireOpen();
    return core.stats();
  }

  @Override
  public RecoveryReport recovery() {
    return recovery;
  }

  @Override
  public StoreOptions options() {
    return core.options();
  }

  @Override
  public void onLeak(Consumer<String> listener) {
    core.leaks().listen(listener);
  }

  @Override
  public void close() {
    handle.close();
  }
}
