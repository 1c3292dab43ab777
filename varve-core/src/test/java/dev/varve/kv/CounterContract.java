package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Expect;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// What counters do in every keyspace, whatever its engine: each call against arithmetic without
/// bounds, and no step lost under many threads.
public abstract class CounterContract extends StoreContract {
  private static final int THREADS = 32;
  private static final int STEPS = 500;
  private static final BigInteger HUNDRED = BigInteger.valueOf(100);

  private static final long[] EDGES = {
    0,
    1,
    -1,
    2,
    7,
    -7,
    99,
    100,
    -100,
    101,
    1L << 32,
    Long.MAX_VALUE,
    Long.MAX_VALUE - 1,
    Long.MIN_VALUE,
    Long.MIN_VALUE + 1,
    Long.MAX_VALUE / 2,
    Long.MIN_VALUE / 2
  };

  private long commits() {
    return store.stats().visibleThrough();
  }

  @Test
  void a_counter_is_eight_bytes_under_the_users_own_key() {
    byte[] k = b("visits");
    Counter counter = keyspace.counter(k);
    assertEquals(0, counter.get());
    assertNull(keyspace.get(k));
    assertEquals(1, counter.increment());
    assertEquals(259, counter.increment(258));
    assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 1, 3}, keyspace.get(k));
    assertEquals(260, keyspace.increment(k, 1));
    assertEquals(260, counter.get());
    keyspace.put(k, Counter.encode(-5));
    assertEquals(-5, counter.get());
    assertEquals(1, keyspace.count());
    reopen();
    assertEquals(-5, keyspace.counter(k).get());
    assertEquals(-4, keyspace.counter(k).increment());
    keyspace.delete(k);
    assertEquals(0, keyspace.counter(k).get());
    k[0] = 'x';
    assertEquals("counter of " + keyspace, "" + keyspace.counter(k));
  }

  @Test
  void the_key_of_a_counter_is_copied_and_checked() {
    byte[] k = b("k");
    Counter counter = keyspace.counter(k);
    k[0] = 'x';
    counter.increment();
    assertTrue(keyspace.contains(b("k")));
    Expect.failure(LimitException.class, () -> keyspace.counter(new byte[0]), "1 to 65536");
  }

  @Test
  void a_call_that_changes_nothing_writes_nothing() {
    Counter counter = keyspace.counter(b("k"));
    long before = commits();
    assertEquals(0, counter.increment(0));
    assertEquals(0, counter.decrement(7));
    assertEquals(0, counter.multiply(3));
    assertEquals(0, counter.divide(3));
    assertEquals(0, counter.percentage(30));
    assertEquals(0, counter.reset());
    assertEquals(0, counter.compareAndExchange(5, 6));
    assertFalse(counter.compareAndSet(5, 6));
    assertEquals(before, commits());
    assertFalse(keyspace.contains(b("k")), "no counter was made");
    counter.increment(5);
    assertEquals(before + 1, commits());
    assertEquals(5, counter.multiply(1));
    assertEquals(5, counter.percentage(100));
    assertFalse(counter.compareAndSet(4, 6));
    assertEquals(before + 1, commits());
  }

  @Test
  void a_counter_is_compared_set_and_reset() {
    Counter counter = keyspace.counter(b("k"));
    assertTrue(counter.compareAndSet(0, 9), "absent counts as 0");
    assertEquals(9, counter.compareAndExchange(8, 7));
    assertEquals(9, counter.get());
    assertEquals(9, counter.compareAndExchange(9, 7));
    assertEquals(7, counter.getAndSet(-3));
    assertEquals(-3, counter.reset());
    assertEquals(0, counter.get());
    assertArrayEquals(new byte[Long.BYTES], keyspace.get(b("k")));
  }

  @Test
  void what_is_no_counter_is_refused_by_every_call_and_stays() {
    keyspace.put(b("k"), b("text"));
    Counter counter = keyspace.counter(b("k"));
    List<Runnable> calls =
        List.of(
            counter::get,
            counter::increment,
            () -> counter.increment(3),
            () -> keyspace.increment(b("k"), 3),
            () -> counter.decrement(3),
            () -> counter.multiply(3),
            () -> counter.divide(3),
            () -> counter.percentage(3),
            () -> counter.compareAndExchange(3, 4),
            () -> counter.getAndSet(3),
            counter::reset);
    for (Runnable call : calls) {
      Expect.failure(UsageException.class, call::run, "8 bytes", "has 4");
    }
    assertEquals("text", s(keyspace.get(b("k"))));
  }

  @Test
  void a_call_out_of_range_is_refused_and_changes_nothing() {
    Counter counter = keyspace.counter(b("k"));
    counter.increment(40);
    Expect.failure(UsageException.class, () -> counter.divide(0), "by 0");
    Expect.failure(UsageException.class, () -> counter.percentage(101), "0 to 100", "101");
    Expect.failure(UsageException.class, () -> counter.percentage(-1), "0 to 100", "-1");
    Expect.failure(UsageException.class, () -> counter.decrement(-1), "increment");
    assertEquals(40, counter.get());
  }

  /// Every call on numbers at and near the ends of the range, against numbers without ends.
  @Test
  void every_call_is_exact_or_says_what_it_does_past_64_bits() {
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 3));
    Counter counter = keyspace.counter(b("k"));
    long[] others = EDGES.clone();
    for (int i = 0; i < others.length / 2; i++) {
      others[2 * i] = random.nextLong() >> random.nextInt(Long.SIZE);
    }
    for (long number : EDGES) {
      for (long other : others) {
        BigInteger n = BigInteger.valueOf(number);
        BigInteger o = BigInteger.valueOf(other);
        String where = number + " and " + other;
        counter.getAndSet(number);
        BigInteger sum = n.add(o);
        if (sum.bitLength() < Long.SIZE) {
          assertEquals(sum.longValueExact(), counter.increment(other), where);
        } else {
          Expect.failure(LimitException.class, () -> counter.increment(other), "64 bits");
          assertEquals(number, counter.get(), where);
        }
        counter.getAndSet(number);
        assertEquals(saturated(n.multiply(o)), counter.multiply(other), where);
        if (other != 0) {
          counter.getAndSet(number);
          assertEquals(saturated(n.divide(o)), counter.divide(other), where);
        }
        if (other >= 0) {
          counter.getAndSet(number);
          long least = Math.min(number, 0);
          BigInteger left = n.subtract(o).max(BigInteger.valueOf(least));
          assertEquals(left.longValueExact(), counter.decrement(other), where);
        }
        int percent = Math.floorMod(other, 101);
        counter.getAndSet(number);
        assertEquals(
            n.multiply(BigInteger.valueOf(percent)).divide(HUNDRED).longValueExact(),
            counter.percentage(percent),
            where);
        assertEquals(counter.get(), counter.getAndSet(0), where);
      }
    }
  }

  private static long saturated(BigInteger number) {
    if (number.bitLength() < Long.SIZE) {
      return number.longValueExact();
    }
    return number.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  /** Runs `work` on each of 32 threads and waits for all; throws what one of them met. */
  private static void together(Runnable work) throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      Thread thread = Thread.ofPlatform().unstarted(work);
      thread.setUncaughtExceptionHandler((_, e) -> failure.compareAndSet(null, e));
      threads.add(thread);
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }

  @Test
  void thirty_two_threads_lose_no_step_of_any_call() throws Exception {
    Counter shared = keyspace.counter(b("shared"));
    Counter down = keyspace.counter(b("down"));
    Counter swapped = keyspace.counter(b("swapped"));
    down.increment((long) THREADS * STEPS + 3);
    together(
        () -> {
          long seen = 0;
          for (int i = 0; i < STEPS; i++) {
            long now = shared.increment();
            assertTrue(now > seen, "a counter that is only incremented went back");
            seen = now;
            down.decrement(1);
            if (i % 10 == 0) {
              long expected = swapped.get();
              for (long was = expected; ; expected = was) {
                was = swapped.compareAndExchange(expected, expected + 1);
                if (was == expected) {
                  break;
                }
              }
              keyspace.update(b("text"), v -> b("" + (v == null ? 1 : Integer.parseInt(s(v)) + 1)));
            }
          }
        });
    for (int round = 0; round < 2; round++) {
      assertEquals((long) THREADS * STEPS, keyspace.counter(b("shared")).get());
      assertEquals(3, keyspace.counter(b("down")).get());
      assertEquals(THREADS * STEPS / 10, keyspace.counter(b("swapped")).get());
      assertEquals("" + THREADS * STEPS / 10, s(keyspace.get(b("text"))));
      reopen();
    }
  }

  @Test
  void counters_and_batches_of_several_threads_are_one_order() throws Exception {
    Counter a = keyspace.counter(b("a"));
    together(
        () -> {
          for (int i = 0; i < STEPS / 10; i++) {
            long now = a.increment();
            store.write(
                new WriteBatch()
                    .put(keyspace, b("x"), Counter.encode(now))
                    .put(keyspace, b("y"), Counter.encode(now)));
            List<byte[]> pair = keyspace.getAll(List.of(b("x"), b("y")));
            assertArrayEquals(pair.get(0), pair.get(1), "half a batch was seen");
          }
        });
    assertEquals(THREADS * STEPS / 10, a.get());
    assertThrows(UsageException.class, () -> Counter.decode(new byte[7]));
  }
}
