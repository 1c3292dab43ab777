package dev.varve.engine.btree.heap;

import dev.varve.format.EditFile.Pointer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Keeps all objects of a moment readable, and the files that lead to them.
///
/// @threads safe
/// @lifetime until [#close]
public final class HeapPin implements AutoCloseable {
  private final Committed moment;
  private final Consumer<HeapPin> release;
  private final AtomicBoolean closed = new AtomicBoolean();

  HeapPin(Committed moment, Consumer<HeapPin> release) {
    this.moment = moment;
    this.release = release;
  }

  Committed moment() {
    return moment;
  }

  boolean needsMap(long number) {
    Pointer map = moment.map();
    return map != null && map.number() == number;
  }

  /// The objects of the moment hold everything up to this sequence number.
  public long cut() {
    return moment.cut();
  }

  /// The note of the moment.
  public byte[] note() {
    return moment.note().clone();
  }

  /// The state of the moment, as [Heap#state] answers it; not durable by this call.
  public byte[] state() {
    Pointer map = moment.map();
    return map == null ? new byte[0] : map.encode();
  }

  /// How long the map was: the state is that of the file up to here. What is behind came later.
  public long mapBytes() {
    return moment.mapBytes();
  }

  /// How long the heap file was. The objects of the moment are in it up to here, and stay there.
  public long heapBytes() {
    return moment.heapBytes();
  }

  /// Lets objects and files go.
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release.accept(this);
    }
  }
}
