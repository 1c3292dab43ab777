package dev.varve.engine.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;

/// Slots in no order, searched from the first to the last.
///
/// @threads as [KeyIndex]
final class ArrayIndex implements KeyIndex {
  /* A slot holds a record's address in its low half and a tag of the key in its high half, so that a
   * search reads only the records whose tag fits. 0 is a free slot. A freed slot is used for the next
   * key; records never change slots, so a search that runs meanwhile misses none. */

  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long ADDRESS_MASK = 0xFFFFFFFFL;

  private final RecordHeap heap;
  private final IntList free = new IntList();

  /** Replaced when it grows; a reader with the old one sees what was there when it began. */
  private volatile long[] slots = new long[16];

  /** Slots from here on were never used. */
  private volatile int limit;

  private int located;
  private long locatedTag;

  ArrayIndex(RecordHeap heap) {
    this.heap = heap;
  }

  private static int tag(byte[] key, int offset, int length) {
    int tag = length;
    for (int i = offset; i < offset + length; i++) {
      tag = 31 * tag + key[i];
    }
    return tag;
  }

  @Override
  public int find(byte[] key, int offset, int length) {
    int slot = search(key, offset, length, tag(key, offset, length));
    return slot < 0 ? 0 : (int) (long) SLOTS.getAcquire(slots, slot);
  }

  private int search(byte[] key, int offset, int length, int tag) {
    int end = limit;
    long[] all = slots;
    for (int i = 0; i < end; i++) {
      long slot = (long) SLOTS.getAcquire(all, i);
      if ((int) (slot >>> 32) == tag
          && slot != 0
          && heap.keyEquals((int) slot, key, offset, length)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public int locate(byte[] key, int offset, int length) {
    int tag = tag(key, offset, length);
    locatedTag = (long) tag << 32;
    located = search(key, offset, length, tag);
    return located < 0 ? 0 : (int) slots[located];
  }

  @Override
  public void set(int address) {
    if (located < 0) {
      located = free.isEmpty() ? newSlot() : free.removeLast();
    }
    SLOTS.setRelease(slots, located, locatedTag | (address & ADDRESS_MASK));
  }

  private int newSlot() {
    int slot = limit;
    if (slot == slots.length) {
      slots = Arrays.copyOf(slots, slot * 2);
    }
    limit = slot + 1;
    return slot;
  }

  @Override
  public void remove(IntList removed) {
    removed.add((int) slots[located]);
    SLOTS.setRelease(slots, located, 0L);
    free.add(located);
    located = -1;
  }

  @Override
  public long scan(long position, RecordSink sink) {
    int end = limit;
    long[] all = slots;
    for (int i = (int) position; i < end; i++) {
      int address = (int) (long) SLOTS.getAcquire(all, i);
      if (address != 0 && !sink.take(address)) {
        return i + 1L;
      }
    }
    return -1;
  }

  @Override
  public long memoryBytes() {
    return 8L * slots.length + free.memoryBytes();
  }

  @Override
  public long validate(List<String> problems) {
    long count = 0;
    for (int i = 0; i < limit; i++) {
      int address = (int) slots[i];
      if (address == 0) {
        continue;
      }
      count++;
      byte[] key = heap.key(address);
      if (search(key, 0, key.length, tag(key, 0, key.length)) != i) {
        problems.add("slot " + i + " holds a key that is found elsewhere");
      }
    }
    if (count + free.size() != limit) {
      problems.add(count + " slots in use and " + free.size() + " free ones are not all " + limit);
    }
    return count;
  }
}
