package dev.varve.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.OrderedStore;
import dev.varve.bench.OrderedStore.Walk;
import dev.varve.bench.Peer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The driver finds the peer, and what is written there is read, also after it was opened again.
final class RocksStoreTest {
  private static final Peer.Settings SETTINGS = new Peer.Settings(16 << 20, 2 << 20, true, 10);

  @TempDir Path directory;

  @Test
  void the_peer_keeps_what_it_is_given() {
    Peer peer = Peer.all().getFirst();
    assertEquals("RocksDB", peer.name());
    try (OrderedStore store = peer.open(directory, SETTINGS)) {
      store.put(new byte[] {2}, new byte[] {20});
      store.putAll(new byte[][] {{1}, {3}}, new byte[][] {{10}, {30}});
      assertEquals(0, store.bytesWritten());
      store.flush();
      assertTrue(store.bytesWritten() > 0);
    }
    try (OrderedStore store = peer.open(directory, SETTINGS)) {
      assertArrayEquals(new byte[] {20}, store.get(new byte[] {2}));
      assertNull(store.get(new byte[] {4}));
      try (Walk walk = store.walk()) {
        for (byte key : List.of((byte) 1, (byte) 2, (byte) 3)) {
          assertTrue(key == 1 ? walk.first() : walk.next());
          assertArrayEquals(new byte[] {key}, walk.key());
          assertArrayEquals(new byte[] {(byte) (10 * key)}, walk.value());
        }
        assertFalse(walk.next());
        assertTrue(walk.last());
        assertTrue(walk.previous());
        assertArrayEquals(new byte[] {2}, walk.key());
        assertTrue(walk.seek(new byte[] {2, 0}));
        assertArrayEquals(new byte[] {3}, walk.key());
      }
    }
  }
}
