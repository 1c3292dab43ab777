package dev.varve.engine.lsm.sstable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// However many files are open, what they keep in memory has a bound, and they answer the same.
final class ResidentLimitTest {
  private static final int FILES = 120;
  private static final int KEYS = 3_000;
  private static final long BUDGET_BYTES = 512 << 10;

  private final MemoryFileSystem memory = SstableFixture.newMemory();
  private final MemoryBudget budget = new MemoryBudget(BUDGET_BYTES);
  private final SstableEnvironment environment =
      new SstableEnvironment(
          memory,
          SstableFixture.DIRECTORY,
          SstableFixture.STORE,
          SstableFixture.KEYSPACE,
          new BlockCache(budget, BUDGET_BYTES / 2),
          budget,
          RandomSource.seeded(1),
          Clock.SYSTEM);

  private SstableReader file(int number) throws IOException {
    try (SstableWriter writer = new SstableWriter(environment, number, SstableOptions.DEFAULTS)) {
      for (int i = 0; i < KEYS; i++) {
        writer.add(SstableFixture.number(i), number, Stamp.VALUE, SstableFixture.number(i));
      }
      SstableInfo _ = writer.finish();
    }
    return SstableReader.open(environment, number, SstableOptions.DEFAULTS);
  }

  @Test
  void files_past_the_share_are_read_through_the_cache() throws IOException {
    List<SstableReader> readers = new ArrayList<>();
    for (int number = 1; number <= FILES; number++) {
      readers.add(file(number));
    }
    long kept = readers.stream().mapToLong(SstableReader::memoryBytes).sum();
    long first = readers.getFirst().memoryBytes();
    assertTrue(first > KEYS, "the first one keeps its filter: " + first);
    assertTrue(readers.getLast().memoryBytes() < first / 4, readers.getLast().memoryBytes() + "");
    assertTrue(kept <= BUDGET_BYTES / 2, kept + " bytes kept");
    assertTrue(FILES * first > BUDGET_BYTES / 4, "or nothing was to be limited");
    SstableLookup lookup = new SstableLookup();
    for (SstableReader reader : readers) {
      for (int i = 0; i < KEYS; i += 97) {
        assertTrue(reader.get(SstableFixture.number(i), Stamp.SEQUENCE_MAX, lookup));
      }
      assertFalse(reader.get(SstableFixture.number(KEYS + 1), Stamp.SEQUENCE_MAX, lookup));
    }
    assertTrue(budget.used() <= BUDGET_BYTES, budget.used() + " bytes used");
    for (SstableReader reader : readers) {
      reader.release();
    }
    environment.cache().close();
    assertEquals(0, budget.used(), "all is given back");
    assertTrue(budget.mayKeep(BUDGET_BYTES / 4));
  }
}
