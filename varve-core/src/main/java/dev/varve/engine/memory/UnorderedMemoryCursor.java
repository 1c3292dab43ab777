package dev.varve.engine.memory;

import dev.varve.base.ReaderEpochs;
import dev.varve.engine.EngineCursor;

/// Goes through an index without order at one moment, part by part.
///
/// @threads one at a time
final class UnorderedMemoryCursor implements EngineCursor {
  /** A part of the index has more records than this only where the index says so. */
  private static final int PART_RECORDS = 256;

  private final MemoryEngine engine;
  private final RecordHeap heap;
  private final ReaderEpochs epochs;
  private final KeyIndex index;
  private final long sequence;
  private final IntList part = new IntList();
  private int at;
  private long position = -1;

  UnorderedMemoryCursor(
      MemoryEngine engine, RecordHeap heap, ReaderEpochs epochs, KeyIndex index, long sequence) {
    this.engine = engine;
    this.heap = heap;
    this.epochs = epochs;
    this.index = index;
    this.sequence = sequence;
  }

  private boolean take(int newest) {
    int address = engine.visible(newest, sequence);
    if (address != 0 && !heap.isTombstone(address)) {
      part.add(address);
    }
    return part.size() < PART_RECORDS;
  }

  private boolean fill() {
    part.clear();
    at = 0;
    while (part.isEmpty() && position >= 0) {
      int token = epochs.enter();
      try {
        position = index.scan(position, this::take);
      } finally {
        epochs.exit(token);
      }
    }
    return !part.isEmpty();
  }

  @Override
  public boolean seekToFirst() {
    position = 0;
    return fill();
  }

  @Override
  public boolean next() {
    at++;
    return at < part.size() || fill();
  }

  @Override
  public byte[] key() {
    return heap.key(part.get(at));
  }

  @Override
  public byte[] value() {
    return heap.value(part.get(at));
  }

  @Override
  public long valueSize() {
    return heap.valueLength(part.get(at));
  }

  @Override
  public boolean seekToLast() {
    throw noOrder();
  }

  @Override
  public boolean seek(byte[] key) {
    throw noOrder();
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    throw noOrder();
  }

  @Override
  public boolean previous() {
    throw noOrder();
  }

  private static UnsupportedOperationException noOrder() {
    return new UnsupportedOperationException("the store asks only engines that have an order");
  }
}
