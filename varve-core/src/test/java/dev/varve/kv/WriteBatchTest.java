package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.base.Expect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Batches with repeated keys, with a limit, and of any size.
final class WriteBatchTest {
  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> mutations(WriteBatch batch) {
    List<String> all = new ArrayList<>();
    MutationWriter encoded = batch.encoded();
    MutationReader reader =
        new MutationReader().reset(encoded.array(), MutationWriter.HEADROOM_BYTES, encoded.end());
    while (reader.next()) {
      String key = new String(reader.key(), StandardCharsets.UTF_8);
      all.add(
          switch (reader.kind()) {
            case PUT -> key + "=" + new String(reader.value(), StandardCharsets.UTF_8);
            case DELETE -> "-" + key;
            case DELETE_RANGE -> "range";
            case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> "other";
          });
    }
    assertNull(reader.problem());
    return all;
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void six_mutations_of_three_keys_become_three_in_their_order(EngineKind engine) {
    try (Store store =
        Varve.inMemory(StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(16)))) {
      Keyspace one = store.keyspace("one", KeyspaceOptions.of(engine));
      Keyspace two = store.keyspace("two", KeyspaceOptions.of(engine));
      WriteBatch batch =
          new WriteBatch()
              .put(one, b("a"), b("1"))
              .put(one, b("b"), b("1"))
              .delete(one, b("a"))
              .put(one, b("c"), b("1"))
              .put(one, b("a"), b("2"))
              .delete(one, b("b"));
      int bytes = batch.byteSize();
      assertEquals(3, batch.deduplicate().size());
      assertTrue(batch.byteSize() < bytes);
      assertEquals(List.of("c=1", "a=2", "-b"), mutations(batch));
      batch.put(two, b("a"), b("3")).put(two, b("a"), b("4")).deduplicate();
      assertEquals(List.of("c=1", "a=2", "-b", "a=4"), mutations(batch), "keyspaces are apart");
      store.write(batch);
      assertArrayEquals(b("2"), one.get(b("a")));
      assertArrayEquals(b("4"), two.get(b("a")));
      assertNull(one.get(b("b")));
      assertEquals(0, batch.clear().deduplicate().size());
    }
  }

  /// A batch does the same with and without what is void, ranges among it.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void nothing_that_counts_is_taken_away(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Store store =
        Varve.inMemory(StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(16)))) {
      Keyspace plain = store.keyspace("plain", KeyspaceOptions.of(EngineKind.LSM));
      Keyspace fewer = store.keyspace("fewer", KeyspaceOptions.of(EngineKind.RBTREE));
      for (int round = 0; round < 40; round++) {
        WriteBatch all = new WriteBatch();
        WriteBatch some = new WriteBatch();
        TreeMap<String, Integer> last = new TreeMap<>();
        int ranges = 0;
        int count = random.nextInt(1, 200);
        for (int i = 0; i < count; i++) {
          String key = Integer.toString(random.nextInt(40));
          byte[] value = b(Integer.toString(i));
          int kind = random.nextInt(10);
          if (kind == 0) {
            KeyRange range = KeyRange.of(b(key), b(key + "~"));
            all.deleteRange(plain, range);
            some.deleteRange(fewer, range);
            ranges++;
          } else if (kind < 3) {
            all.delete(plain, b(key));
            some.delete(fewer, b(key));
            last.put(key, i);
          } else {
            all.put(plain, b(key), value);
            some.put(fewer, b(key), value);
            last.put(key, i);
          }
        }
        some.deduplicate();
        assertEquals(last.size() + ranges, some.size(), () -> "seed " + seed);
        store.write(all);
        store.write(some);
        assertSame(plain, fewer, "seed " + seed + ", round " + round);
      }
    }
  }

  private static void assertSame(Keyspace a, Keyspace b, String when) {
    try (Cursor one = a.cursor(KeyRange.all());
        Cursor two = b.cursor(KeyRange.all())) {
      boolean valid = one.seekToFirst();
      assertEquals(valid, two.seekToFirst(), when);
      while (valid) {
        assertArrayEquals(one.key(), two.key(), when);
        assertArrayEquals(one.value(), two.value(), when);
        valid = one.next();
        assertEquals(valid, two.next(), when);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void what_would_pass_the_limit_is_refused_and_the_rest_can_be_written(EngineKind engine) {
    try (Store store =
        Varve.inMemory(StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(16)))) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
      WriteBatch batch = new WriteBatch(ByteSize.ofKibibytes(64));
      byte[] value = new byte[1000];
      int added = 0;
      while (batch.byteSize() < 63 << 10) {
        batch.put(keyspace, b("key" + added++), value);
      }
      int size = batch.byteSize();
      Expect.failure(
          LimitException.class,
          () -> batch.put(keyspace, b("more"), new byte[2000]),
          "65536",
          "in parts");
      assertEquals(size, batch.byteSize());
      assertEquals(added, batch.size());
      assertEquals(0, keyspace.count());
      store.write(batch);
      assertEquals(added, count(keyspace));
      assertNull(keyspace.get(b("more")));
      Expect.failure(
          LimitException.class, () -> new WriteBatch(ByteSize.ofGibibytes(3)), "at most");
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void a_batch_that_memory_cannot_hold_is_refused_before_anything_is_written(EngineKind engine) {
    try (Store store =
        Varve.inMemory(StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(4)))) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
      long commits = store.stats().commits();
      long visible = store.stats().visibleThrough();
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 8; i++) {
        batch.put(keyspace, b("key" + i), new byte[1 << 20]);
      }
      Expect.failure(LimitException.class, () -> store.write(batch), "memory", "withMemory");
      assertEquals(commits, store.stats().commits());
      assertEquals(visible, store.stats().visibleThrough());
      assertEquals(0, count(keyspace));
      keyspace.put(b("small"), b("1"));
      assertEquals(1, count(keyspace));
    }
  }

  private static long count(Keyspace keyspace) {
    return keyspace.count(KeyRange.all());
  }
}
