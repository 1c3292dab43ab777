package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Expect;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What every keyspace does, whatever its engine: each call on present and absent keys, on empty
/// and huge values and on any bytes; batches; statistics; reopening.
public abstract class KeyspaceContract extends StoreContract {
  @Test
  void an_absent_key_is_null_for_every_call_and_never_an_exception() {
    byte[] key = b("absent");
    assertNull(keyspace.get(key));
    assertFalse(keyspace.contains(key));
    assertNull(keyspace.remove(key));
    assertNull(keyspace.replace(key, b("x")));
    assertNull(keyspace.get(key));
    keyspace.delete(key);
    assertNull(keyspace.getAll(List.of(key)).getFirst());
    assertTrue(keyspace.isEmpty());
    assertEquals(0, keyspace.count());
    if (ordered) {
      assertNull(keyspace.first());
      assertNull(keyspace.last());
      assertNull(keyspace.below(key));
      assertNull(keyspace.above(key));
      assertNull(keyspace.popFirst());
      assertNull(keyspace.popLast());
      keyspace.deleteRange(KeyRange.prefix(key));
    }
  }

  @Test
  void a_put_is_read_back_and_the_last_one_counts() {
    keyspace.put(b("k"), b("1"));
    keyspace.put(b("k"), b("2"));
    assertEquals("2", s(keyspace.get(b("k"))));
    assertTrue(keyspace.contains(b("k")));
    assertEquals(1, keyspace.count());
    keyspace.delete(b("k"));
    assertNull(keyspace.get(b("k")));
    assertEquals(0, keyspace.count());
    keyspace.put(b("k"), b("3"));
    assertEquals("3", s(keyspace.get(b("k"))));
    reopen();
    assertEquals("3", s(keyspace.get(b("k"))));
  }

  @Test
  void every_conditional_write_answers_what_was_there() {
    byte[] k = b("k");
    assertNull(keyspace.putIfAbsent(k, b("1")));
    assertEquals("1", s(keyspace.putIfAbsent(k, b("2"))));
    assertEquals("1", s(keyspace.replace(k, b("3"))));
    assertEquals("3", s(keyspace.get(k)));
    assertEquals("3", s(keyspace.remove(k)));
    assertNull(keyspace.remove(k));
  }

  @Test
  void compare_and_set_creates_replaces_deletes_and_refuses() {
    byte[] k = b("k");
    assertInstanceOf(SwapResult.Swapped.class, keyspace.compareAndSet(k, null, b("1")));
    SwapResult.Refused refused =
        assertInstanceOf(SwapResult.Refused.class, keyspace.compareAndSet(k, null, b("2")));
    assertEquals("1", s(refused.current()));
    assertEquals("2", s(refused.proposed()));
    assertFalse(keyspace.compareAndSet(k, b("x"), b("2")).isSwapped());
    SwapResult.Swapped swapped =
        assertInstanceOf(SwapResult.Swapped.class, keyspace.compareAndSet(k, b("1"), b("2")));
    assertEquals("1", s(swapped.previous()));
    assertEquals("2", s(swapped.updated()));
    assertFalse(keyspace.compareAndSet(k, b("1"), null).isSwapped());
    assertTrue(keyspace.compareAndSet(k, b("2"), null).isSwapped());
    assertFalse(keyspace.contains(k));
    assertTrue(keyspace.compareAndSet(k, null, null).isSwapped());
    assertFalse(keyspace.contains(k));
  }

  @Test
  void update_makes_the_new_value_of_the_old_one() {
    byte[] k = b("k");
    assertEquals("1", s(keyspace.update(k, v -> v == null ? b("1") : b("wrong"))));
    assertEquals("1+", s(keyspace.update(k, v -> b(s(v) + "+"))));
    assertNull(keyspace.update(k, v -> null));
    assertFalse(keyspace.contains(k));
    assertThrows(
        ArithmeticException.class,
        () ->
            keyspace.update(
                k,
                v -> {
                  throw new ArithmeticException("the user's own");
                }));
    keyspace.put(k, b("still writable"));
  }

  @Test
  void get_and_put_and_get_and_update_answer_what_was_there() {
    byte[] k = b("k");
    assertNull(keyspace.getAndPut(k, b("1")));
    assertEquals("1", s(keyspace.getAndPut(k, b("2"))));
    assertEquals("2", s(keyspace.getAndUpdate(k, v -> b(s(v) + "+"))));
    assertEquals("2+", s(keyspace.getAndUpdate(k, v -> null)));
    assertFalse(keyspace.contains(k));
    assertNull(keyspace.getAndUpdate(k, v -> v == null ? b("3") : b("wrong")));
    reopen();
    assertEquals("3", s(keyspace.get(k)));
    assertThrows(LimitException.class, () -> keyspace.getAndPut(new byte[0], k));
  }

  @Test
  void entries_are_popped_from_both_ends_of_a_range() {
    fill("a", "b", "c", "d", "e", "f");
    if (!ordered) {
      Expect.failure(UsageException.class, () -> keyspace.popFirst(KeyRange.all()), "order");
      Expect.failure(UsageException.class, () -> keyspace.popLast(KeyRange.all()), "order");
      assertEquals(6, keyspace.count());
      return;
    }
    KeyRange range = KeyRange.of(b("b"), b("e"));
    assertEquals("b", s(keyspace.popFirst(range).key()));
    Entry last = keyspace.popLast(range);
    assertEquals("d=vd", s(last.key()) + "=" + s(last.value()));
    assertEquals("c", s(keyspace.popLast(range).key()));
    long before = store.stats().visibleThrough();
    assertNull(keyspace.popFirst(range));
    assertNull(keyspace.popLast(range));
    assertEquals(before, store.stats().visibleThrough(), "nothing was written");
    assertEquals("a", s(keyspace.popFirst().key()));
    assertEquals("f", s(keyspace.popLast().key()));
    assertEquals(List.of("e"), keys(KeyRange.all()));
  }

  @Test
  void clear_leaves_nothing_in_one_commit_and_a_snapshot_keeps_what_it_has() {
    fill("a", "b", "c");
    long before = store.stats().visibleThrough();
    try (Snapshot snapshot = store.snapshot()) {
      keyspace.clear();
      assertTrue(keyspace.isEmpty());
      assertEquals(3, keyspace.at(snapshot).count());
    }
    assertEquals(before + 1, store.stats().visibleThrough());
    reopen();
    assertTrue(keyspace.isEmpty());
  }

  @Test
  void a_checksum_tells_entries_apart_and_no_engine_or_order_from_another() {
    assertEquals(0, keyspace.checksum());
    Keyspace other = store.keyspace("other", KeyspaceOptions.of(EngineKind.RBTREE));
    for (int i = 0; i < 100; i++) {
      keyspace.put(b("key " + i), b("value " + i));
      other.put(b("key " + (99 - i)), b("value " + (99 - i)));
    }
    long checksum = keyspace.checksum();
    assertEquals(other.checksum(), checksum);
    keyspace.put(b("key 1"), b("value 2"));
    keyspace.put(b("key 2"), b("value 1"));
    assertFalse(keyspace.checksum() == checksum, "values have changed places");
    keyspace.put(b("key 1"), b("value 1"));
    keyspace.put(b("key 2"), b("value 2"));
    store.flush();
    reopen();
    assertEquals(checksum, keyspace.checksum());
    try (Snapshot snapshot = store.snapshot()) {
      keyspace.delete(b("key 1"));
      keyspace.put(b("key "), b("1value 1"));
      assertFalse(keyspace.checksum() == checksum, "a byte went from the key to the value");
      assertEquals(checksum, keyspace.at(snapshot).checksum());
    }
    if (ordered) {
      assertEquals(
          store.keyspace("other").checksum(KeyRange.atLeast(b("key 2"))),
          keyspace.checksum(KeyRange.atLeast(b("key 2"))));
    }
  }

  @Test
  void keys_and_values_are_any_bytes_up_to_their_limits() {
    byte[] longest = new byte[Limits.KEY_BYTES_MAX];
    Arrays.fill(longest, (byte) 0xFF);
    byte[] huge = new byte[3_000_000];
    new SplittableRandom(1).nextBytes(huge);
    byte[][] keys = {{0}, {0, 0}, {(byte) 0xFF}, {' '}, {'\n', 0, '\t'}, longest};
    for (int i = 0; i < keys.length; i++) {
      keyspace.put(keys[i], i % 2 == 0 ? new byte[0] : huge);
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < keys.length; i++) {
        assertArrayEquals(i % 2 == 0 ? new byte[0] : huge, keyspace.get(keys[i]));
      }
      assertEquals(keys.length, keyspace.count());
      reopen();
    }
  }

  @Test
  void a_limit_passed_is_told_before_anything_is_written() {
    byte[] tooLong = new byte[Limits.KEY_BYTES_MAX + 1];
    byte[] empty = {};
    byte[] v = b("v");
    for (byte[] bad : List.of(tooLong, empty)) {
      Expect.failure(
          LimitException.class, () -> keyspace.put(bad, v), "1 to 65536", "" + bad.length);
      assertThrows(LimitException.class, () -> keyspace.get(bad));
      assertThrows(LimitException.class, () -> keyspace.delete(bad));
      assertThrows(LimitException.class, () -> keyspace.remove(bad));
      assertThrows(LimitException.class, () -> keyspace.putIfAbsent(bad, v));
      assertThrows(LimitException.class, () -> keyspace.increment(bad, 1));
      assertThrows(LimitException.class, () -> keyspace.contains(bad));
      assertThrows(LimitException.class, () -> keyspace.getAll(List.of(b("k"), bad)));
      assertThrows(LimitException.class, () -> keyspace.below(bad));
      assertThrows(LimitException.class, () -> keyspace.above(bad));
      assertThrows(LimitException.class, () -> new WriteBatch().put(keyspace, bad, v));
      assertThrows(LimitException.class, () -> new WriteBatch().delete(keyspace, bad));
    }
    assertEquals(0, keyspace.count());
  }

  @Test
  void a_range_that_is_deleted_may_begin_or_end_at_any_key() {
    if (!ordered) {
      return;
    }
    byte[] longest = new byte[Limits.KEY_BYTES_MAX];
    Arrays.fill(longest, (byte) 'm');
    byte[] last = new byte[Limits.KEY_BYTES_MAX];
    Arrays.fill(last, (byte) 0xFF);
    byte[] empty = {};
    byte[] v = b("v");
    List<KeyRange> ranges =
        List.of(
            KeyRange.greaterThan(longest),
            KeyRange.atMost(longest),
            KeyRange.closed(b("b"), longest),
            KeyRange.closed(longest, longest),
            KeyRange.greaterThan(last),
            KeyRange.atMost(last),
            KeyRange.closed(last, last),
            KeyRange.atLeast(empty),
            KeyRange.lessThan(empty),
            KeyRange.atMost(empty),
            KeyRange.greaterThan(empty));
    for (KeyRange range : ranges) {
      List<byte[]> keys = List.of(b("a"), b("b"), longest, b("n"), last);
      keys.forEach(key -> keyspace.put(key, v));
      keyspace.deleteRange(range);
      store.flush();
      store.compact(keyspace);
      reopen();
      for (byte[] key : keys) {
        assertEquals(!range.contains(key), keyspace.contains(key));
      }
    }
    assertThrows(
        LimitException.class,
        () -> keyspace.deleteRange(KeyRange.atLeast(new byte[Limits.KEY_BYTES_MAX + 1])));
  }

  @Test
  void arrays_are_copied_on_the_way_in_and_out() {
    byte[] key = b("k");
    byte[] value = b("v");
    keyspace.put(key, value);
    key[0] = 'x';
    value[0] = 'x';
    byte[] out = keyspace.get(b("k"));
    assertEquals("v", s(out));
    out[0] = 'y';
    assertEquals("v", s(keyspace.get(b("k"))));
    WriteBatch batch = new WriteBatch().put(keyspace, b("a"), value);
    value[0] = 'z';
    store.write(batch);
    assertEquals("x", s(keyspace.get(b("a"))));
  }

  @Test
  void memory_segments_and_buffers_do_as_arrays_do() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocateFrom("native");
      MemorySegment value = arena.allocateFrom("memory");
      keyspace.put(key, value);
      assertEquals("memory\0", s(keyspace.get(key)));
      assertEquals("memory\0", s(keyspace.get(b("native\0"))));
    }
    ByteBuffer key = ByteBuffer.allocateDirect(10).put(b("xxkeyxx"));
    key.position(2).limit(5);
    ByteBuffer value = ByteBuffer.wrap(b("value"));
    keyspace.put(key, value);
    assertEquals(2, key.position());
    assertEquals("value", s(keyspace.get(b("key"))));
    assertEquals("value", s(keyspace.get(key)));
  }

  @Test
  void get_all_keeps_the_order_asked_for() {
    fill("a", "b", "c");
    List<byte[]> values = keyspace.getAll(List.of(b("c"), b("x"), b("a"), b("c")));
    assertEquals(
        Arrays.asList("vc", null, "va", "vc"), values.stream().map(KeyspaceContract::s).toList());
  }

  @Test
  void a_batch_is_one_commit_and_its_last_word_on_a_key_counts() {
    fill("a", "b");
    long before = store.stats().visibleThrough();
    Keyspace other = store.keyspace("other", KeyspaceOptions.of(engine()));
    WriteBatch batch =
        new WriteBatch()
            .put(keyspace, b("c"), b("1"))
            .delete(keyspace, b("a"))
            .put(keyspace, b("c"), b("2"))
            .put(other, b("c"), b("3"))
            .put(keyspace, b("d"), b("4"))
            .delete(keyspace, b("d"));
    assertEquals(6, batch.size());
    store.write(batch, Durability.SYNC);
    assertEquals(before + 2, store.stats().visibleThrough());
    assertEquals(List.of("b", "c"), keys(KeyRange.all()));
    assertEquals("2", s(keyspace.get(b("c"))));
    assertEquals("3", s(other.get(b("c"))));
    store.write(batch.clear().deleteRange(keyspace, KeyRange.all()).put(keyspace, b("z"), b("")));
    assertEquals(List.of("z"), keys(KeyRange.all()));
    store.write(batch.clear());
    reopen();
    assertEquals(List.of("z"), keys(KeyRange.all()));
  }

  @Test
  void a_batch_of_another_store_is_refused() {
    try (Store other = dev.varve.Varve.inMemory()) {
      Keyspace foreign = other.keyspace("test");
      Expect.failure(
          UsageException.class,
          () -> store.write(new WriteBatch().put(foreign, b("a"), b("b"))),
          "another store");
    }
    assertTrue(keyspace.isEmpty());
  }

  @Test
  void what_is_closed_says_so() {
    fill("a");
    Snapshot snapshot = store.snapshot();
    KeyspaceView view = keyspace.at(snapshot);
    Cursor cursor = view.cursor();
    cursor.seekToFirst();
    snapshot.close();
    snapshot.close();
    Expect.failure(StoreClosedException.class, () -> view.get(b("a")), "snapshot is closed");
    Expect.failure(StoreClosedException.class, cursor::key, "snapshot is closed");
    assertThrows(StoreClosedException.class, () -> keyspace.at(snapshot).count());
    cursor.close();
    cursor.close();
    Expect.failure(StoreClosedException.class, cursor::next, "cursor is closed");
    Cursor live = keyspace.cursor();
    live.close();
    assertThrows(StoreClosedException.class, live::isValid);
  }

  @Test
  void statistics_include_the_payload() {
    KeyspaceStats empty = keyspace.stats();
    assertEquals(0, empty.entries());
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 100; i++) {
      byte[] value = new byte[1000];
      random.nextBytes(value);
      keyspace.put(b("key " + i), value);
    }
    KeyspaceStats stats = keyspace.stats();
    assertEquals(100, stats.entries());
    assertEquals(100_000, stats.valueBytes());
    assertEquals(590, stats.keyBytes());
    assertTrue(stats.memoryBytes() + stats.fileBytes() > 100_000);
    assertEquals(engine(), stats.engine());
    store.flush();
    assertTrue(keyspace.stats().fileBytes() > 100_000);
    assertEquals(store.stats().visibleThrough(), keyspace.stats().flushedThrough());
  }

  @Test
  void what_was_flushed_and_what_was_not_come_back_together() {
    for (int i = 0; i < 300; i++) {
      keyspace.put(b("key " + i), b("first"));
    }
    store.flush();
    for (int i = 0; i < 300; i += 3) {
      keyspace.put(b("key " + i), b("second"));
      keyspace.delete(b("key " + (i + 1)));
    }
    for (int round = 0; round < 3; round++) {
      reopen();
      assertEquals(200, keyspace.count());
      assertEquals("second", s(keyspace.get(b("key 0"))));
      assertNull(keyspace.get(b("key 1")));
      assertEquals("first", s(keyspace.get(b("key 2"))));
      if (round == 1) {
        store.flush();
      }
    }
  }

  /// Random calls against a map, with reopening and flushing between.
  @Test
  void any_sequence_of_calls_does_what_a_map_does() {
    long seed = Long.getLong("varve.seed", 11);
    SplittableRandom random = new SplittableRandom(seed);
    TreeMap<byte[], byte[]> model = new TreeMap<>(Bytes::compare);
    for (int step = 0; step < 4000; step++) {
      byte[] key = b("key " + random.nextInt(200));
      byte[] value = b("value " + step);
      String where = "seed " + seed + " step " + step;
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> {
          keyspace.put(key, value);
          model.put(key, value);
        }
        case 3 -> {
          keyspace.delete(key);
          model.remove(key);
        }
        case 4 -> assertArrayEquals(model.remove(key), keyspace.remove(key), where);
        case 5 ->
            assertArrayEquals(model.putIfAbsent(key, value), keyspace.putIfAbsent(key, value));
        case 6 -> {
          byte[] was = model.containsKey(key) ? model.put(key, value) : null;
          assertArrayEquals(was, keyspace.replace(key, value), where);
        }
        case 7 -> {
          boolean swapped = keyspace.compareAndSet(key, model.get(key), value).isSwapped();
          assertTrue(swapped, where);
          model.put(key, value);
        }
        case 8 -> {
          WriteBatch batch = new WriteBatch();
          for (int i = random.nextInt(10); i >= 0; i--) {
            byte[] k = b("key " + random.nextInt(200));
            if (random.nextBoolean()) {
              batch.put(keyspace, k, value);
              model.put(k, value);
            } else {
              batch.delete(keyspace, k);
              model.remove(k);
            }
          }
          store.write(batch);
        }
        case 9 -> {
          if (random.nextInt(40) == 0) {
            reopen();
          } else if (random.nextInt(40) == 0) {
            store.flush();
          } else if (random.nextInt(100) == 0) {
            keyspace.deleteRange(KeyRange.all());
            model.clear();
          }
        }
        default -> assertArrayEquals(model.get(key), keyspace.get(key), where);
      }
      assertEquals(model.size(), keyspace.count(), where);
    }
    List<String> expected = new ArrayList<>();
    model.keySet().forEach(k -> expected.add(s(k)));
    assertEquals(expected, keys(KeyRange.all()));
  }
}
