package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InlineBackground;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LimitException;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A store that has come to the end of its memory, and gets out of there again.
final class MemoryLimitTest {
  private static final int MEMORY_BYTES = 16 << 20;

  private static Store open(int lanes) {
    return StoreFixture.openInline(
        StoreFixture.memory(),
        StoreOptions.defaults()
            .withMemory(ByteSize.ofBytes(MEMORY_BYTES))
            .withDurability(Durability.NONE)
            .withLanes(lanes),
        new InlineBackground());
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(8).putInt(4, number * 0x9E3779B9).putInt(0, number).array();
  }

  /** Puts ever more keys; answers how many fit. */
  private static int fill(Keyspace keyspace, int valueBytes) {
    for (int i = 0; ; i++) {
      try {
        keyspace.put(key(i), new byte[valueBytes]);
      } catch (LimitException full) {
        assertTrue(i > 100, full.getMessage());
        return i;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"ARRAY,1", "RBTREE,1", "HASH,1", "HASH,3"})
  void what_closed_snapshots_needed_can_be_used_again_whichever_keyspace_it_was(
      EngineKind engine, int lanes) {
    try (Store store = open(lanes)) {
      Keyspace idle = store.keyspace("idle", KeyspaceOptions.of(engine));
      Keyspace other = store.keyspace("other", KeyspaceOptions.of(engine));
      List<Snapshot> snapshots = new ArrayList<>();
      assertThrows(
          LimitException.class,
          () -> {
            for (int round = 0; ; round++) {
              snapshots.add(store.snapshot());
              for (int i = 0; i < 100; i++) {
                idle.put(key(i), new byte[1000 + (round & 7)]);
              }
            }
          });
      snapshots.forEach(Snapshot::close);
      for (int i = 0; i < 1000; i++) {
        other.put(key(i), new byte[1000]);
      }
      assertEquals(100, idle.count());
      assertEquals(1000, other.count());
      assertTrue(store.stats().memoryBytes() <= MEMORY_BYTES);
    }
  }

  @ParameterizedTest
  @CsvSource({"RBTREE,100", "HASH,100", "HASH,9000", "HASH,40000"})
  void what_was_deleted_makes_room_for_as_much_again(EngineKind engine, int valueBytes) {
    try (Store store = open(1)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
      int fitted = fill(keyspace, valueBytes);
      assertThrows(LimitException.class, () -> keyspace.put(key(-1), new byte[valueBytes + 900]));
      for (int i = 0; i < fitted; i++) {
        keyspace.delete(key(i));
      }
      assertEquals(0, keyspace.count());
      int again = fill(keyspace, valueBytes);
      assertTrue(again > fitted * 9 / 10, again + " of " + fitted);
      assertArrayEquals(new byte[valueBytes], keyspace.get(key(0)));
    }
  }

  @ParameterizedTest
  @CsvSource({"RBTREE", "HASH"})
  void memory_goes_back_to_other_keyspaces_when_one_is_emptied(EngineKind engine) {
    try (Store store = open(1)) {
      Keyspace first = store.keyspace("first", KeyspaceOptions.of(engine));
      Keyspace second = store.keyspace("second", KeyspaceOptions.of(EngineKind.HASH));
      int fitted = fill(first, 500);
      first.deleteRange(dev.varve.kv.KeyRange.all());
      // Readers' memory is given back as commits go on.
      for (int i = 0; i < 100; i++) {
        first.delete(key(i));
        first.put(key(0), new byte[1]);
      }
      int fittedThen = fill(second, 500);
      assertTrue(fittedThen > fitted / 2, fittedThen + " of " + fitted);
    }
  }

  @ParameterizedTest
  @CsvSource({"RBTREE", "HASH"})
  void at_the_limit_entries_can_be_overwritten_after_some_were_deleted(EngineKind engine) {
    try (Store store = open(1)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
      int fitted = fill(keyspace, 200);
      for (int i = 0; i < fitted; i += 3) {
        keyspace.delete(key(i));
      }
      for (int i = 1; i < fitted; i += 3) {
        keyspace.put(key(i), new byte[200]);
      }
      assertEquals(fitted - (fitted + 2) / 3, keyspace.count());
    }
  }
}
