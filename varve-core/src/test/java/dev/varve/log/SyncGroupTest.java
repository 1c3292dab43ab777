package dev.varve.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class SyncGroupTest {
  private static final long PATIENCE_SECONDS = 20;

  private static SyncGroup group(SyncGroup.Sync sync) {
    return new SyncGroup(sync, 1000, Duration.ZERO, 0);
  }

  private static Thread start(Runnable work) {
    return Thread.ofPlatform().daemon().start(work);
  }

  private static void awaitParked(List<Thread> threads) {
    for (Thread thread : threads) {
      while (thread.getState() != Thread.State.WAITING
          && thread.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
    }
  }

  private static void joinAll(List<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      assertTrue(
          thread.join(Duration.ofSeconds(PATIENCE_SECONDS)), "nobody woke " + thread.getName());
    }
  }

  /** Nobody else syncs here, so whoever is not woken sleeps for ever. */
  @Test
  void nobody_sleeps_on_when_syncs_follow_one_another_closely() throws Exception {
    AtomicLong given = new AtomicLong();
    SyncGroup group = group(given::get);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          start(
              () -> {
                for (int round = 0; round < 30_000; round++) {
                  group.await(given.incrementAndGet());
                }
              }));
    }
    joinAll(threads);
    assertEquals(240_000, group.durableThrough());
  }

  @Test
  void everybody_who_waits_hears_of_a_sync_that_failed() throws Exception {
    for (int round = 0; round < 100; round++) {
      CountDownLatch syncing = new CountDownLatch(1);
      CountDownLatch go = new CountDownLatch(1);
      SyncGroup group =
          group(
              () -> {
                syncing.countDown();
                awaitQuietly(go);
                throw new IllegalStateException("the device refused");
              });
      AtomicInteger told = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int i = 1; i <= 5; i++) {
        long sequence = i;
        threads.add(
            start(
                () -> {
                  try {
                    group.await(sequence);
                  } catch (IllegalStateException expected) {
                    told.incrementAndGet();
                  }
                }));
        assertTrue(syncing.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
      }
      awaitParked(threads);
      go.countDown();
      joinAll(threads);
      assertEquals(5, told.get());
    }
  }

  @Test
  void who_waits_while_the_log_is_cut_goes_on_afterwards() throws Exception {
    SyncGroup group = group(() -> 7);
    CountDownLatch cutting = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Thread cutter =
        start(
            () -> {
              try {
                group.exclusively(
                    3,
                    () -> {
                      cutting.countDown();
                      awaitQuietly(go);
                    });
              } catch (java.io.IOException e) {
                throw new AssertionError(e);
              }
            });
    assertTrue(cutting.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
    Thread waiter = start(() -> group.await(5));
    awaitParked(List.of(waiter));
    go.countDown();
    joinAll(List.of(cutter, waiter));
    assertEquals(7, group.durableThrough());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertTrue(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
