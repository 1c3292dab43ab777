package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Writers that the background cannot follow get slower and slower, and few of their writes wait.
final class WritePaceTest {
  private static final long WRITE_NANOS = 1_000;
  private static final long SECOND = 1_000_000_000;

  /** What writers did in a second of a clock that only they move. */
  private record Second(long writes, long rests, long restNanosMax) {}

  private static Second run(double pressure, long begin) {
    WritePace pace = new WritePace(begin);
    long now = begin;
    long writes = 0;
    long rests = 0;
    long most = 0;
    while (now - begin < SECOND) {
      long rest = pace.rest(now, pressure);
      if (rest > 0) {
        rests++;
        most = Math.max(most, rest);
        now += rest;
      }
      now += WRITE_NANOS;
      writes++;
    }
    return new Second(writes, rests, most);
  }

  @Test
  void without_pressure_nobody_rests() {
    assertEquals(new Second(SECOND / WRITE_NANOS, 0, 0), run(0, 0));
    assertEquals(0, run(-0.5, 0).rests);
  }

  @Test
  void writers_get_slower_as_the_pressure_grows() {
    long last = run(0, 0).writes;
    for (int tenth = 2; tenth <= 10; tenth++) {
      long writes = run(tenth / 10.0, 0).writes;
      assertTrue(writes < last, tenth + " tenths: " + writes + " writes, " + last + " with less");
      last = writes;
    }
    assertTrue(last < SECOND / WRITE_NANOS / 10, last + " writes under full pressure");
    assertTrue(last > SECOND / WRITE_NANOS / 20, last + " writes under full pressure");
  }

  @Test
  void fewer_than_one_write_in_a_thousand_rests_and_none_for_long() {
    for (long begin : new long[] {0, Long.MAX_VALUE - SECOND / 2, -SECOND / 2}) {
      for (int tenth = 1; tenth <= 10; tenth++) {
        Second second = run(tenth / 10.0, begin);
        assertTrue(second.rests > 0, second.toString());
        assertTrue(second.rests * 1000 < second.writes, second.toString());
        assertTrue(second.restNanosMax <= 30_000_000, second.toString());
      }
    }
  }

  @Test
  void all_writers_rest_at_the_same_time_and_whoever_comes_late_rests_for_less() {
    WritePace pace = new WritePace(0);
    long rest = pace.rest(0, 1);
    assertTrue(rest > WritePace.RUN_NANOS, rest + " ns");
    assertEquals(rest - 100, pace.rest(100, 1));
    assertEquals(0, pace.rest(rest, 1));
    assertEquals(0, pace.rest(rest + WritePace.RUN_NANOS - 1, 1));
    assertEquals(rest, pace.rest(rest + WritePace.RUN_NANOS, 1));
  }

  @Test
  void a_writer_that_comes_after_a_pause_does_not_rest() {
    WritePace pace = new WritePace(0);
    assertEquals(0, pace.rest(SECOND, 1));
  }
}
