package dev.varve.engine.btree.heap;

import dev.varve.fs.NoSpaceException;
import java.io.IOException;

/// Changes of a heap that become durable together or not at all.
///
/// ```java
/// try (HeapBatch batch = heap.begin()) {
///   StoredObject next = batch.store(ObjectKind.LEAF, lowKey, bytes, 0, length);
///   batch.free(before);
///   batch.defragment();
///   batch.commit(cut, note);
/// }
/// ```
///
/// A call that throws makes the batch void: all is as before, but for bytes in free slots.
///
/// @threads one at a time
/// @lifetime until [#close]
@SuppressWarnings("DoNotCallSuggester") // until it is built
public final class HeapBatch implements AutoCloseable {
  HeapBatch() {}

  /// Stores an object. Where the name has an object already, the caller frees that one in the same
  /// batch, before or afterwards. The heap keeps `name`, which nobody changes from now on. The
  /// answer can be read once the batch is committed.
  ///
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws IOException when the device refuses; the heap takes no batch any more
  public StoredObject store(ObjectKind kind, byte[] name, byte[] payload, int offset, int length)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Frees an object of an earlier batch. It can be read until the next batch begins, and by
  /// whoever is inside a reader epoch or has a pin then.
  public void free(StoredObject old) {
    throw new UnsupportedOperationException();
  }

  /// Moves objects that this batch neither stores nor frees, where that makes the file shorter or
  /// gives slabs back: about as many bytes as the batch stored, or a little in a small batch. After
  /// all [#store] and [#free]. Objects that cannot be read stay where they are; the statistics tell
  /// of them.
  ///
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws IOException when the device refuses to write; the heap takes no batch any more
  public void defragment() throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Makes the batch durable, then tells the owners of what was moved.
  ///
  /// @param cut the objects hold everything up to this sequence number, which never falls
  /// @param note what the heap keeps for its user, up to 64 KiB
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws dev.varve.base.InvariantError when a name would have two objects; the batch is void
  /// @throws IOException when the device refuses; whether the batch is durable is unknown for good,
  ///   and the heap takes no batch any more
  public void commit(long cut, byte[] note) throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Ends the batch; without [#commit] it is void.
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
