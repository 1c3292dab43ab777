package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Expect;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// How every keyspace is read, whatever its engine: cursors, ranges and snapshots, while others
/// write too.
public abstract class ReadContract extends StoreContract {
  @Test
  void a_snapshot_stays_still_while_others_write() {
    fill("a", "b", "c");
    try (Snapshot snapshot = store.snapshot()) {
      KeyspaceView view = keyspace.at(snapshot);
      keyspace.put(b("a"), b("new"));
      keyspace.delete(b("b"));
      fill("d");
      keyspace.deleteRange(KeyRange.all());
      store.flush();
      fill("e", "f");
      assertEquals("va", s(view.get(b("a"))));
      assertEquals("vb", s(view.get(b("b"))));
      assertFalse(view.contains(b("d")));
      assertEquals(3, view.count());
      List<String> seen = new ArrayList<>();
      try (Cursor cursor = view.cursor()) {
        for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
          seen.add(s(cursor.key()) + "=" + s(cursor.value()));
        }
      }
      seen.sort(null);
      assertEquals(List.of("a=va", "b=vb", "c=vc"), seen);
      assertEquals(List.of("e", "f"), keys(KeyRange.all()));
    }
  }

  @Test
  void a_cursor_off_every_entry_says_so() {
    fill("a");
    try (Cursor cursor = keyspace.cursor()) {
      assertFalse(cursor.isValid());
      Expect.failure(NoSuchElementException.class, cursor::key, "seek first");
      assertThrows(NoSuchElementException.class, cursor::value);
      assertThrows(NoSuchElementException.class, cursor::next);
      assertTrue(cursor.seekToFirst());
      assertEquals(2, cursor.valueSize());
      assertFalse(cursor.next());
      assertFalse(cursor.isValid());
      assertThrows(NoSuchElementException.class, cursor::value);
      assertTrue(cursor.seekToFirst());
    }
  }

  @Test
  void a_cursor_sees_the_moment_it_was_made() {
    fill("a", "b", "c");
    try (Cursor cursor = keyspace.cursor()) {
      fill("d");
      keyspace.delete(b("a"));
      keyspace.put(b("b"), b("new"));
      List<String> seen = new ArrayList<>();
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        seen.add(s(cursor.value()));
        fill("more");
      }
      seen.sort(null);
      assertEquals(List.of("va", "vb", "vc"), seen);
    }
  }

  @Test
  void ordered_engines_walk_both_ways_and_seek() {
    if (!ordered) {
      return;
    }
    fill("b", "d", "f", "h");
    try (Cursor cursor = keyspace.cursor()) {
      assertTrue(cursor.seek(b("d")));
      assertEquals("d", s(cursor.key()));
      assertTrue(cursor.previous());
      assertEquals("b", s(cursor.key()));
      assertTrue(cursor.next());
      assertTrue(cursor.next());
      assertEquals("f", s(cursor.key()));
      assertTrue(cursor.seek(b("e")));
      assertEquals("f", s(cursor.key()));
      assertTrue(cursor.seekForPrevious(b("e")));
      assertEquals("d", s(cursor.key()));
      assertFalse(cursor.seek(b("i")));
      assertFalse(cursor.seekForPrevious(b("a")));
      assertTrue(cursor.seekToLast());
      assertEquals("h", s(cursor.key()));
      assertFalse(cursor.next());
    }
    assertEquals("b", s(keyspace.first().key()));
    assertEquals("vh", s(keyspace.last().value()));
    assertEquals("d", s(keyspace.below(b("f")).key()));
    assertEquals("f", s(keyspace.above(b("d")).key()));
    assertNull(keyspace.below(b("b")));
    assertNull(keyspace.above(b("h")));
    assertEquals("b", s(keyspace.popFirst().key()));
    assertEquals("h", s(keyspace.popLast().key()));
    assertEquals(List.of("d", "f"), keys(KeyRange.all()));
  }

  @Test
  void ranges_hold_what_they_say() {
    if (!ordered) {
      return;
    }
    fill("a", "ab", "abc", "b", "ba");
    keyspace.put(new byte[] {(byte) 0xFF}, b("v"));
    keyspace.put(new byte[] {(byte) 0xFF, (byte) 0xFF}, b("v"));
    assertEquals(List.of("a", "ab", "abc"), keys(KeyRange.prefix(b("a"))));
    assertEquals(List.of("ab", "abc"), keys(KeyRange.prefix(b("ab"))));
    assertEquals(List.of("ab", "abc", "b"), keys(KeyRange.of(b("ab"), b("ba"))));
    assertEquals(List.of("ab", "abc", "b", "ba"), keys(KeyRange.closed(b("ab"), b("ba"))));
    assertEquals(List.of("a"), keys(KeyRange.lessThan(b("ab"))));
    assertEquals(List.of("a", "ab"), keys(KeyRange.atMost(b("ab"))));
    assertEquals(4, keys(KeyRange.greaterThan(b("abc"))).size());
    assertEquals(2, keyspace.count(KeyRange.prefix(new byte[] {(byte) 0xFF})));
    assertEquals(7, keyspace.count(KeyRange.prefix(new byte[0])));
    assertEquals(List.of(), keys(KeyRange.of(b("c"), b("b"))));
    assertEquals("abc", s(keyspace.last(KeyRange.prefix(b("a"))).key()));
    try (Cursor cursor = keyspace.cursor(KeyRange.of(b("ab"), b("b")))) {
      assertTrue(cursor.seek(b("a")));
      assertEquals("ab", s(cursor.key()));
      assertFalse(cursor.previous());
      assertTrue(cursor.seekForPrevious(b("z")));
      assertEquals("abc", s(cursor.key()));
      assertFalse(cursor.next());
    }
    keyspace.deleteRange(KeyRange.of(b("ab"), b("b")));
    assertEquals(List.of("a", "b", "ba"), keys(KeyRange.lessThan(new byte[] {(byte) 0xFF})));
    reopen();
    assertEquals(5, keyspace.count());
    assertEquals(2, keyspace.entries(KeyRange.all(), 2).size());
  }

  @Test
  void unordered_engines_say_what_to_use_instead() {
    if (ordered) {
      return;
    }
    fill("a", "b");
    KeyRange part = KeyRange.prefix(b("a"));
    try (Cursor cursor = keyspace.cursor()) {
      cursor.seekToFirst();
      for (org.junit.jupiter.api.function.Executable call :
          List.<org.junit.jupiter.api.function.Executable>of(
              () -> keyspace.first(),
              () -> keyspace.last(),
              () -> keyspace.below(b("a")),
              () -> keyspace.above(b("a")),
              () -> keyspace.popFirst(),
              () -> keyspace.popLast(),
              () -> keyspace.count(part),
              () -> keyspace.cursor(part),
              () -> keyspace.deleteRange(part),
              () -> new WriteBatch().deleteRange(keyspace, part),
              () -> cursor.seek(b("a")),
              () -> cursor.seekForPrevious(b("a")),
              () -> cursor.seekToLast(),
              () -> cursor.previous())) {
        Expect.failure(UsageException.class, call, engine().name(), "order");
      }
    }
    assertEquals(List.of("a", "b"), keys(KeyRange.all()));
    assertEquals(2, keyspace.count(KeyRange.all()));
    keyspace.deleteRange(KeyRange.all());
    assertTrue(keyspace.isEmpty());
  }

  @Test
  void readers_never_see_half_a_commit() throws Exception {
    int keys = 8;
    for (int i = 0; i < keys; i++) {
      keyspace.put(b("n" + i), b("0"));
    }
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int writer = 0; writer < 2; writer++) {
      int me = writer;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int i = 1; !stop.get(); i++) {
                        WriteBatch batch = new WriteBatch();
                        for (int k = 0; k < keys; k++) {
                          batch.put(keyspace, b("n" + k), b(me + "." + i));
                        }
                        store.write(batch, Durability.NONE);
                      }
                    } catch (Throwable t) {
                      failure.compareAndSet(null, t);
                    }
                  }));
    }
    for (int reader = 0; reader < 2; reader++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      List<byte[]> all = new ArrayList<>();
                      for (int k = 0; k < keys; k++) {
                        all.add(b("n" + k));
                      }
                      while (!stop.get()) {
                        List<byte[]> values = keyspace.getAll(all);
                        for (byte[] value : values) {
                          assertArrayEquals(values.getFirst(), value);
                        }
                        // Newest first: a later get never sees an older commit.
                        byte[] first = keyspace.get(all.getFirst());
                        try (Snapshot snapshot = store.snapshot();
                            Cursor cursor = keyspace.at(snapshot).cursor()) {
                          int count = 0;
                          byte[] one = null;
                          for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
                            one = one == null ? cursor.value() : one;
                            assertArrayEquals(one, cursor.value());
                            count++;
                          }
                          assertEquals(keys, count);
                        }
                        assertTrue(first.length > 0);
                      }
                    } catch (Throwable t) {
                      failure.compareAndSet(null, t);
                    }
                  }));
    }
    Thread.sleep(400);
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }
}
