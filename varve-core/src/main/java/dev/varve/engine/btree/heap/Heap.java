package dev.varve.engine.btree.heap;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// The objects of one keyspace on the device.
///
/// Changes are made in batches ([#begin]), each durable as a whole when it is committed. Objects
/// are never changed in place: a new version takes a free slot, and the old one's slot is free when
/// the batch is durable and nobody can still read it.
///
/// @threads safe; batches: one at a time
/// @lifetime until [#close]
@SuppressWarnings("DoNotCallSuggester") // until it is built
public final class Heap implements AutoCloseable {
  private Heap() {}

  /// A heap without objects. Nothing is on the device before the first batch is; what a crash left
  /// of an earlier attempt goes then.
  public static Heap create(HeapEnvironment environment, HeapOptions options) {
    throw new UnsupportedOperationException();
  }

  /// The heap of a state. Writes nothing.
  ///
  /// @throws dev.varve.kv.CorruptionException when a file is damaged, missing or another's
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote one
  /// @throws IOException when the device refuses
  public static Heap open(HeapEnvironment environment, HeapOptions options, byte[] state)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /// The live objects of a kind, sorted by name as unsigned bytes.
  public List<StoredObject> objects(ObjectKind kind) {
    throw new UnsupportedOperationException();
  }

  /// The objects hold everything up to this sequence number; 0 before the first batch.
  public long cut() {
    throw new UnsupportedOperationException();
  }

  /// The note of the last batch; empty before the first.
  public byte[] note() {
    throw new UnsupportedOperationException();
  }

  /// Reads an object: its payload, the caller's own. Whoever calls entered a reader epoch before he
  /// looked the object up, or has a pin that is older than its end, or is the one who makes
  /// batches.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged; only this object is concerned
  /// @throws IOException when the device refuses
  public byte[] read(StoredObject object) throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Begins a batch. What the batch before freed must be out of readers' reach by now: whoever
  /// enters a reader epoch from now on does not find it.
  ///
  /// @throws dev.varve.base.InvariantError when another batch is open
  public HeapBatch begin() {
    throw new UnsupportedOperationException();
  }

  /// Keeps all objects of this moment readable.
  public HeapPin pin() {
    throw new UnsupportedOperationException();
  }

  /// What a catalog keeps to find the heap again; empty before the first batch. All of it is
  /// durable when the call returns.
  ///
  /// @throws IOException when the device refuses; the heap takes no batch any more
  public byte[] state() throws IOException {
    throw new UnsupportedOperationException();
  }

  /// The names of the files that a state names, and of those that there are now.
  public Set<String> files(byte[] state) {
    throw new UnsupportedOperationException();
  }

  /// Reads everything that the map names, and the map, and reports each problem. Answers how many
  /// bytes were read.
  ///
  /// @throws IOException when the device refuses
  public long verify(Consumer<String> problems) throws IOException {
    throw new UnsupportedOperationException();
  }

  /// Checks the structures in memory; answers what is wrong, one sentence each.
  public List<String> validate() {
    throw new UnsupportedOperationException();
  }

  /// Figures of this moment.
  public HeapStats stats() {
    throw new UnsupportedOperationException();
  }

  /// Closes the files and gives the memory back.
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
