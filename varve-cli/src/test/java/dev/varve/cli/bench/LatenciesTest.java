package dev.varve.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class LatenciesTest {
  @Test
  void buckets_follow_each_other_without_gaps() {
    for (int shift = 0; shift < 62; shift++) {
      for (long time : new long[] {(1L << shift) - 1, 1L << shift, (1L << shift) * 3 / 2}) {
        int bucket = Latencies.bucket(time);
        assertTrue(time <= Latencies.upperEnd(bucket), "time " + time);
        assertEquals(bucket + 1, Latencies.bucket(Latencies.upperEnd(bucket) + 1), "time " + time);
        assertTrue(Latencies.upperEnd(bucket) - time <= time / 64 + 1, "time " + time);
      }
    }
  }

  @Test
  void percentiles_are_those_of_the_times() {
    Latencies latencies = new Latencies();
    for (int i = 1; i <= 1000; i++) {
      latencies.add(i * 1000L);
    }
    Latencies all = new Latencies();
    all.add(latencies);
    assertEquals(1000, all.count());
    assertEquals(500_000, (double) all.percentile(0.5), 500_000 / 64.0);
    assertEquals(990_000, (double) all.percentile(0.99), 990_000 / 64.0);
    assertEquals(1_000_000, all.percentile(1));
    assertEquals(1_000_000, all.max());
  }
}
