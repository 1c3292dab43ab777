package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class WriteThrottleTest {
  private static final long FULL = 1 << 20;

  @Test
  void nobody_waits_while_one_memtable_is_written_and_another_filled() {
    assertEquals(0, WriteThrottle.debt(2 * FULL, FULL, 12));
    assertTrue(WriteThrottle.debt(2 * FULL + FULL / 10, FULL, 0) > 0);
    assertTrue(WriteThrottle.debt(0, FULL, 13) > 0);
  }

  @Test
  void debt_grows_evenly_up_to_what_may_wait_at_most() {
    double before = 0;
    for (long bytes = 2 * FULL; bytes <= 4 * FULL; bytes += FULL / 8) {
      double debt = WriteThrottle.debt(bytes, FULL, 0);
      assertTrue(debt - before <= 0.07 && debt >= before, bytes + ": " + before + ", " + debt);
      before = debt;
    }
    assertEquals(1, before);
    assertEquals(1, WriteThrottle.debt(0, FULL, 24));
    assertEquals(1, WriteThrottle.debt(100 * FULL, FULL, 400));
  }

  @Test
  void waits_grow_with_the_debt_and_with_the_bytes_and_have_a_bound() {
    double pace = 0.1;
    assertEquals(1000, WriteThrottle.nanos(100, 0, pace));
    assertEquals(4000, WriteThrottle.nanos(100, 0.5, pace));
    long last = 0;
    for (double debt = 0; debt < 1; debt += 0.01) {
      long nanos = WriteThrottle.nanos(1000, debt, pace);
      assertTrue(nanos >= last, debt + ": " + last + ", " + nanos);
      last = nanos;
    }
    assertTrue(WriteThrottle.nanos(1000, 1, pace) < 10_000_000);
  }
}
