package dev.varve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.Durability;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.store.StoreFixture;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The guard sees a store that is left open, and nothing of one that was closed.
final class StoreGuardTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  @Test
  void a_store_that_is_left_open_is_seen() throws IllegalAccessException {
    Set<String> before = StoreGuard.threads();
    Store store =
        StoreFixture.openThreaded(fs, StoreOptions.defaults().withDurability(Durability.PERIODIC));
    store.keyspace("k").put(new byte[] {1}, new byte[] {2});
    assertFalse(StoreGuard.openFiles(this).isEmpty());
    assertFalse(StoreGuard.threadsSince(before).isEmpty());
    store.close();
    assertEquals(List.of(), StoreGuard.openFiles(this));
    assertEquals(Set.of(), StoreGuard.threadsSince(before));
  }
}
