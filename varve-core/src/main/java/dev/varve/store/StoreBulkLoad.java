package dev.varve.store;

import dev.varve.engine.BulkWriter;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.IngestedFile;
import dev.varve.kv.LimitException;
import dev.varve.kv.Limits;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// A bulk load into a keyspace of an open store.
///
/// @threads one at a time
final class StoreBulkLoad implements BulkLoad {
  private final StoreKeyspace keyspace;
  private final LeakDetector.Handle handle;

  /** Where the engine takes files. */
  private final @Nullable BulkWriter writer;

  /** Where it does not. */
  private final WriteBatch batch = new WriteBatch();

  private long entries;
  private boolean ended;

  StoreBulkLoad(StoreKeyspace keyspace) {
    this.keyspace = keyspace;
    BulkWriter made = keyspace.keyspace().engine().bulkWriter();
    this.writer = made;
    this.handle =
        keyspace
            .store()
            .leaks()
            .track(
                this,
                "a bulk load",
                () -> {
                  if (made != null) {
                    made.close();
                  }
                });
  }

  private void requireOpen() {
    if (ended) {
      throw new StoreClosedException("the bulk load has ended; begin another one");
    }
    keyspace.requireReadable();
  }

  @Override
  public void put(byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    requireOpen();
    BulkWriter own = writer;
    if (own == null) {
      batch.put(keyspace, key, value);
    } else {
      try {
        own.put(key, value);
      } catch (IOException e) {
        throw broken(e);
      } catch (CancellationException e) {
        throw cancelled(e);
      }
    }
    entries++;
  }

  /** What was written aside is of no use any more. */
  private RuntimeException broken(IOException e) {
    close();
    keyspace.requireReadable();
    if (keyspace.store().failure().isFailed()) {
      return keyspace.store().pipeline().failed();
    }
    return e instanceof NoSpaceException
        ? new DiskFullException(
            "the device of "
                + keyspace.store().directory()
                + " is full: the bulk load was given up, nothing of it is left. Make space and load"
                + " again",
            e)
        : new StoreIoException(
            "the files of a bulk load into '" + keyspace.name() + "' cannot be written", e);
  }

  private RuntimeException cancelled(CancellationException e) {
    close();
    keyspace.requireReadable();
    return e;
  }

  @Override
  public long entries() {
    return entries;
  }

  @Override
  public void commit() {
    commit(ProgressListener.NONE);
  }

  @Override
  public void commit(ProgressListener listener) {
    requireOpen();
    BulkWriter own = writer;
    try {
      if (own == null) {
        keyspace.owner().write(batch);
      } else {
        commit(own, new ThrottledListener(listener, keyspace.store().clock()));
      }
    } finally {
      close();
    }
  }

  private void commit(BulkWriter own, ProgressListener listener) {
    List<IngestedFile> files;
    try {
      files = own.finish(listener);
    } catch (IOException e) {
      throw broken(e);
    } catch (CancellationException e) {
      throw cancelled(e);
    }
    if (files.isEmpty()) {
      return;
    }
    CommitPipeline pipeline = keyspace.store().pipeline();
    Durability durability = keyspace.store().options().durability();
    long sequence;
    int lane = pipeline.lock();
    try {
      keyspace.requireReadable();
      MutationWriter mutations = pipeline.scratch(lane);
      mutations.ingest(keyspace.id(), files);
      own.handOver();
      try {
        sequence = pipeline.commit(lane, mutations, durability, false);
      } catch (DiskFullException | LimitException | StoreClosedException refused) {
        // Before the log had it. After any other failure the log may name the files.
        own.takeBack();
        throw refused;
      }
    } finally {
      pipeline.unlock(lane);
    }
    pipeline.awaitDurable(sequence, durability);
  }

  @Override
  public void close() {
    ended = true;
    handle.close();
  }
}
