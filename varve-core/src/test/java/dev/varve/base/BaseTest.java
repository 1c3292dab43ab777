package dev.varve.base;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BaseTest {
  @Test
  void varints_round_trip_in_their_shortest_form() {
    SplittableRandom random = new SplittableRandom(1);
    byte[] buffer = new byte[12];
    for (int i = 0; i < 100_000; i++) {
      long value = random.nextLong() >>> random.nextInt(1, 64);
      int end = Varints.write(buffer, 1, value);
      assertEquals(Varints.size(value), end - 1);
      assertEquals(value, Varints.read(buffer, 1, end));
      assertEquals(Varints.MALFORMED, Varints.read(buffer, 1, end - 1));
    }
    assertEquals(Varints.MALFORMED, Varints.read(new byte[] {(byte) 0x80, 0}, 0, 2));
    byte[] endless = new byte[20];
    Arrays.fill(endless, (byte) 0xFF);
    assertEquals(Varints.MALFORMED, Varints.read(endless, 0, 20));
    assertEquals(Varints.SIZE_MAX, Varints.size(Long.MAX_VALUE));
  }

  @Test
  void heads_order_as_keys_do_as_far_as_they_go() {
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 100_000; i++) {
      byte[] a = new byte[random.nextInt(1, 12)];
      byte[] b = new byte[random.nextInt(1, 12)];
      random.nextBytes(a);
      random.nextBytes(b);
      if (random.nextBoolean()) {
        System.arraycopy(a, 0, b, 0, Math.min(a.length, b.length) - 1);
      }
      int byHead = Long.compareUnsigned(Bytes.head(a, 0, a.length), Bytes.head(b, 0, b.length));
      if (byHead != 0) {
        assertEquals(Integer.signum(Bytes.compare(a, b)), Integer.signum(byHead));
      }
    }
  }

  @Test
  void the_key_after_a_prefix_is_the_least_that_lacks_it() {
    assertArrayEquals(new byte[] {1, 3}, Bytes.afterPrefix(new byte[] {1, 2}));
    assertArrayEquals(new byte[] {2}, Bytes.afterPrefix(new byte[] {1, -1, -1}));
    assertArrayEquals(new byte[] {-128}, Bytes.afterPrefix(new byte[] {127}));
    assertArrayEquals(new byte[] {}, Bytes.afterPrefix(new byte[] {-1, -1}));
    assertArrayEquals(new byte[] {}, Bytes.afterPrefix(new byte[] {}));
  }

  @Test
  void the_key_after_a_key_is_no_longer_than_a_key_can_be() {
    assertArrayEquals(new byte[] {0}, Bytes.after(new byte[] {}, 2));
    assertArrayEquals(new byte[] {1, 0}, Bytes.after(new byte[] {1}, 2));
    assertArrayEquals(new byte[] {1, 3}, Bytes.after(new byte[] {1, 2}, 2));
    assertArrayEquals(new byte[] {1, 3}, Bytes.after(new byte[] {1, 2, 9}, 2));
    assertArrayEquals(new byte[] {2}, Bytes.after(new byte[] {1, -1}, 2));
    assertArrayEquals(new byte[] {}, Bytes.after(new byte[] {-1, -1}, 2));
  }

  /// The check value of CRC-32C for "123456789".
  @Test
  void the_checksum_is_castagnolis() {
    assertEquals(
        0xE3069283, Checksum.of("123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
  }

  /// The vectors of SipHash-1-3 with the key 00 01 … 0f for the inputs of length 0 and 1.
  @Test
  void sip_hash_gives_the_known_answers() {
    SipHash hash = new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    byte[] input = new byte[64];
    for (int i = 0; i < input.length; i++) {
      input[i] = (byte) i;
    }
    assertEquals(0xabac0158050fc4dcL, hash.hash(input, 0, 0));
    assertEquals(0xc9f49bf37d57ca93L, hash.hash(input, 0, 1));
    // CPython hashes bytes the same way, with a key of zero for PYTHONHASHSEED=0.
    SipHash unkeyed = new SipHash(0, 0);
    assertEquals(0xead411e67ebe2eeaL, unkeyed.hash(input, 0, 8));
    assertEquals(0xf30eb725bb91c9eaL, unkeyed.hash(input, 0, 15));
    assertEquals(0x8972188433a5c5b7L, unkeyed.hash(input, 0, 16));
    assertEquals(0x385d3e39e5f37359L, unkeyed.hash(input, 0, 63));
    byte[] shifted = new byte[70];
    System.arraycopy(input, 0, shifted, 5, 64);
    for (int length = 0; length < 64; length++) {
      assertEquals(hash.hash(input, 0, length), hash.hash(shifted, 5, length));
    }
  }

  @Test
  void a_latch_keeps_the_first_failure_and_attaches_the_others() {
    FailureLatch latch = new FailureLatch();
    assertFalse(latch.isFailed());
    IOException first = new IOException("first");
    IOException second = new IOException("second");
    assertSame(first, latch.fail(first));
    assertSame(first, latch.fail(second));
    assertSame(first, latch.fail(first));
    assertSame(first, latch.cause());
    assertArrayEquals(new Throwable[] {second}, first.getSuppressed());
    for (int i = 0; i < 100; i++) {
      latch.fail(new IOException());
    }
    assertTrue(first.getSuppressed().length <= 8);
  }

  @Test
  void an_epoch_waits_for_the_readers_of_the_one_before() {
    ReaderEpochs epochs = new ReaderEpochs(2);
    long begin = epochs.epoch();
    int reader = epochs.enter();
    assertTrue(epochs.tryAdvance());
    assertFalse(epochs.tryAdvance(), "the reader entered an epoch ago");
    assertEquals(begin + 1, epochs.epoch());
    int second = epochs.enter();
    epochs.exit(reader);
    assertTrue(epochs.tryAdvance());
    assertFalse(epochs.tryAdvance());
    epochs.exit(second);
    assertTrue(epochs.tryAdvance());
  }

  @Test
  void background_work_that_fails_is_reported_and_closing_waits_for_it() throws Exception {
    java.util.List<String> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
    BackgroundThreads background =
        new BackgroundThreads("test-background", 1, t -> failures.add(t.getMessage()));
    background.submit(
        () -> {
          throw new IllegalStateException("seen");
        });
    boolean[] done = new boolean[1];
    java.util.concurrent.CountDownLatch begun = new java.util.concurrent.CountDownLatch(1);
    background.submit(
        () -> {
          begun.countDown();
          java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
          done[0] = true;
        });
    begun.await();
    background.submitAfter(java.time.Duration.ofHours(1), () -> failures.add("never"));
    background.close();
    assertTrue(done[0]);
    assertEquals(java.util.List.of("seen"), failures);
    background.submit(() -> failures.add("too late"));
    background.submitAfter(java.time.Duration.ZERO, () -> failures.add("too late"));
    assertEquals(1, failures.size());
  }
}
