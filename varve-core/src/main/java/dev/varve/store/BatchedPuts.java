package dev.varve.store;

import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.WriteBatch;

/// Puts many entries into a keyspace, in batches, without waiting for the device.
///
/// @threads one at a time
final class BatchedPuts {
  private static final long BATCH_BYTES = 1 << 20;

  private final Store store;
  private final Keyspace target;
  private WriteBatch batch = new WriteBatch();
  private long bytes;
  private long count;

  BatchedPuts(Store store, Keyspace target) {
    this.store = store;
    this.target = target;
  }

  void put(byte[] key, byte[] value) {
    batch.put(target, key, value);
    count++;
    bytes += key.length + value.length;
    if (bytes >= BATCH_BYTES) {
      finish();
    }
  }

  /// How many entries were put.
  long count() {
    return count;
  }

  /// Writes what was put since the last batch.
  void finish() {
    store.write(batch, Durability.NONE);
    batch = new WriteBatch();
    bytes = 0;
  }
}
