package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import dev.varve.base.SipHash;
import dev.varve.format.StoreId;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Objects by kind and name: a hash table that finds whether a name has an object already.
///
/// @threads under the heap's lock
final class NameTable {
  private static final int CAPACITY_MIN = 16;

  private final SipHash hash;
  private final LongConsumer memory;
  private @Nullable StoredObject[] table = new StoredObject[CAPACITY_MIN];
  private int count;

  /// @param store of which the hash's key is made, so that keys do not collide on purpose
  /// @param memory is told how many bytes more it takes
  NameTable(StoreId store, LongConsumer memory) {
    this.hash = new SipHash(store.high() ^ 0x6e61_6d65_7461_626cL, store.low());
    this.memory = memory;
    memory.accept(HeapLayout.bytesOf(table));
  }

  private int home(StoredObject object) {
    long of = hash.hash(object.name(), 0, object.name().length);
    return ((int) of + object.kind().code()) & (table.length - 1);
  }

  private int slotOf(StoredObject object) {
    int at = home(object);
    for (StoredObject found = table[at]; found != null; found = table[at]) {
      if (found.isNamedLike(object)) {
        return at;
      }
      at = (at + 1) & (table.length - 1);
    }
    return at;
  }

  /// The object that has the same name and kind, or null.
  @Nullable StoredObject find(StoredObject like) {
    return table[slotOf(like)];
  }

  /// Takes an object in, in the place of one with its name and kind; answers that one.
  @Nullable StoredObject put(StoredObject object) {
    int at = slotOf(object);
    StoredObject before = table[at];
    table[at] = object;
    if (before == null && ++count > table.length - (table.length >> 2)) {
      grow();
    }
    return before;
  }

  private void grow() {
    @Nullable StoredObject[] old = table;
    table = new StoredObject[old.length * 2];
    memory.accept(HeapLayout.bytesOf(table) - HeapLayout.bytesOf(old));
    for (StoredObject object : old) {
      if (object != null) {
        table[slotOf(object)] = object;
      }
    }
  }

  /// Takes out the object with this name and kind.
  void remove(StoredObject like) {
    int hole = slotOf(like);
    if (table[hole] == null) {
      return;
    }
    count--;
    int mask = table.length - 1;
    int at = hole;
    while (true) {
      table[hole] = null;
      StoredObject next;
      int home;
      do {
        at = (at + 1) & mask;
        next = table[at];
        if (next == null) {
          return;
        }
        home = home(next);
        // It may fill the hole unless its home lies behind that.
      } while (((at - home) & mask) < ((at - hole) & mask));
      table[hole] = next;
      hole = at;
    }
  }

  int count() {
    return count;
  }

  /// What it takes of memory.
  long memoryBytes() {
    return HeapLayout.bytesOf(table);
  }
}
