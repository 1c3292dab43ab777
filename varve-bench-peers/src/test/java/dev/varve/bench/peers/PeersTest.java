package dev.varve.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.KillTrial;
import dev.varve.bench.MeasuredStore;
import dev.varve.bench.OrderedStore;
import dev.varve.bench.OrderedStore.Walk;
import dev.varve.bench.Peer;
import dev.varve.bench.Product.Settings;
import dev.varve.bench.Product.Trait;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// The driver finds each peer; what is written there is read, also after it was opened again; and
/// what it says about a kill is so.
final class PeersTest {
  private static final Settings SETTINGS = new Settings(10_000, 16 << 20, 2 << 20, true, 10, false);
  private static final int VALUE_BYTES = 100;
  private static final int KEY_BYTES = 16;

  @TempDir Path directory;

  /** What a test does with a peer. */
  private interface Check {
    void of(Peer peer) throws Exception;
  }

  private static Stream<DynamicTest> each(Trait trait, Check check) {
    return Peer.all().stream()
        .filter(peer -> peer.is(trait))
        .map(peer -> DynamicTest.dynamicTest(peer.name(), () -> check.of(peer)));
  }

  /** A key whose first byte is `first`: unsigned, so that 0x84 comes after 2. */
  private static byte[] key(int first) {
    byte[] key = new byte[KEY_BYTES];
    key[0] = (byte) first;
    return key;
  }

  private static byte[] value(int filler) {
    byte[] value = new byte[VALUE_BYTES];
    Arrays.fill(value, (byte) filler);
    return value;
  }

  @Test
  void the_driver_finds_the_peers() {
    assertEquals(
        List.of("RocksDB", "LMDB", "LMDB writemap", "MVStore", "MapDB", "Xodus", "Chronicle"),
        Peer.all().stream().map(Peer::name).toList());
  }

  @TestFactory
  Stream<DynamicTest> a_peer_keeps_what_it_is_given() {
    return each(
        Trait.KEEPS,
        peer -> {
          Path own = directory.resolve(peer.name());
          writeAndReopen(peer, own, SETTINGS);
        });
  }

  @TestFactory
  Stream<DynamicTest> a_peer_keeps_what_it_is_given_synced() {
    return each(
        Trait.SYNCS,
        peer -> writeAndReopen(peer, directory.resolve(peer.name()), SETTINGS.withSync()));
  }

  private static void writeAndReopen(Peer peer, Path own, Settings settings) {
    byte[] key = key(2);
    byte[] value = value(20);
    try (MeasuredStore store = peer.open(own, settings)) {
      store.put(key, value);
      // What was handed over is the caller's again.
      Arrays.fill(value, (byte) 0);
      Arrays.fill(key, (byte) 0);
      store.putAll(new byte[][] {key(1), key(0x84)}, new byte[][] {value(10), value(84)});
      store.put(key(1), value(11));
      Arrays.fill(store.get(key(2)), (byte) 0);
      assertArrayEquals(value(20), store.get(key(2)));
      store.flush();
    }
    try (MeasuredStore store = peer.open(own, settings)) {
      assertArrayEquals(value(20), store.get(key(2)));
      assertArrayEquals(value(11), store.get(key(1)));
      assertArrayEquals(value(84), store.get(key(0x84)));
      assertNull(store.get(key(3)));
    }
  }

  @TestFactory
  Stream<DynamicTest> a_peer_walks_in_the_order_of_unsigned_bytes() {
    return each(
        Trait.ORDERED,
        peer -> {
          try (OrderedStore store =
              (OrderedStore) peer.open(directory.resolve(peer.name()), SETTINGS)) {
            for (int first : new int[] {0x84, 2, 1}) {
              store.put(key(first), value(first));
            }
            walk(store, PeersTest::thereAndBack);
            walk(store, PeersTest::fromTheMiddle);
            // A walk that was closed may be used for the next one.
            walk(store, PeersTest::thereAndBack);
          }
        });
  }

  private static void walk(OrderedStore store, Consumer<Walk> check) {
    try (Walk walk = store.walk()) {
      check.accept(walk);
    }
  }

  private static void thereAndBack(Walk walk) {
    assertTrue(walk.first());
    assertArrayEquals(key(1), walk.key());
    assertArrayEquals(value(1), walk.value());
    assertTrue(walk.next());
    assertTrue(walk.next());
    assertArrayEquals(key(0x84), walk.key());
    assertFalse(walk.next());
    assertTrue(walk.last());
    assertArrayEquals(key(0x84), walk.key());
    assertTrue(walk.previous());
    assertTrue(walk.previous());
    assertArrayEquals(key(1), walk.key());
    assertArrayEquals(value(1), walk.value());
    assertFalse(walk.previous());
  }

  private static void fromTheMiddle(Walk walk) {
    assertTrue(walk.seek(key(3)));
    assertArrayEquals(key(0x84), walk.key());
    assertArrayEquals(value(0x84), walk.value());
    assertTrue(walk.previous());
    assertArrayEquals(key(2), walk.key());
    assertTrue(walk.next());
    assertArrayEquals(key(0x84), walk.key());
    assertTrue(walk.seek(key(2)));
    assertArrayEquals(key(2), walk.key());
    assertFalse(walk.seek(key(0x85)));
  }

  @TestFactory
  Stream<DynamicTest> what_is_promised_survives_a_kill() {
    return each(
        Trait.KEEPS,
        peer -> {
          KillTrial.Killed killed =
              KillTrial.run(
                  peer, KillTrial.settings(64 << 20), directory.resolve(peer.name()), 2_000);
          assertTrue(killed.acknowledged() >= 2_000);
          if (peer.is(Trait.SURVIVES_KILL)) {
            assertEquals(0, killed.lost(), killed::toString);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> what_was_synced_survives_a_kill() {
    return each(
        Trait.SYNCED_SURVIVES_KILL,
        peer -> {
          KillTrial.Killed killed =
              KillTrial.run(
                  peer,
                  KillTrial.settings(64 << 20).withSync(),
                  directory.resolve(peer.name()),
                  100);
          assertTrue(killed.acknowledged() >= 100);
          assertEquals(0, killed.lost(), killed::toString);
        });
  }

  @Test
  void rocks_tells_what_it_wrote_to_sorted_files() {
    Peer rocks = Peer.all().getFirst();
    try (MeasuredStore store = rocks.open(directory, SETTINGS)) {
      store.put(key(1), value(1));
      assertEquals(0, store.sortedBytesWritten().orElseThrow());
      store.flush();
      assertTrue(store.sortedBytesWritten().orElseThrow() > 0);
    }
  }
}
