package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Scripts drawn from seeds, beside a map that says what must be in the heap.
final class HeapModelTest {
  private static final int RUNS = 60;
  private static final int STEPS = 400;

  /** What scripts came to, so that a test sees whether they come to anything. */
  private long moved;

  private long replaced;
  private long pieces;

  private void run(List<HeapStep> script, HeapOptions options) throws IOException {
    MemoryFileSystem fs = new MemoryFileSystem();
    try (HeapRun run = new HeapRun(fs, options)) {
      for (HeapStep step : script) {
        run.run(step);
        if (step instanceof HeapStep.Commit || step instanceof HeapStep.GiveUp) {
          run.requireAll();
        }
      }
      run.settle();
      run.requireAll();
      run.requireSound();
      HeapStats stats = run.heap.stats();
      moved += run.moves();
      replaced += run.replacements();
      pieces += stats.pieces() - stats.leaves() - stats.values();
    }
    assertEquals(List.of(), fs.openFiles());
  }

  /** Leaves out steps for as long as what is left fails. */
  private List<HeapStep> shrunk(List<HeapStep> script, HeapOptions options) {
    List<HeapStep> least = script;
    for (int size = script.size() / 2; size > 0; size /= 2) {
      for (int from = 0; from + size <= least.size(); ) {
        List<HeapStep> fewer = new ArrayList<>(least.subList(0, from));
        fewer.addAll(least.subList(from + size, least.size()));
        if (fails(fewer, options)) {
          least = fewer;
        } else {
          from += size;
        }
      }
    }
    return least;
  }

  private boolean fails(List<HeapStep> script, HeapOptions options) {
    try {
      run(script, options);
      return false;
    } catch (IOException | RuntimeException | AssertionError e) {
      return true;
    }
  }

  @Test
  void whatever_batches_do_the_heap_has_what_was_committed() {
    long first = Long.getLong("varve.seed", 1);
    for (long seed = first; seed < first + RUNS; seed++) {
      HeapOptions options =
          switch ((int) (seed % 4)) {
            case 0 -> HeapRun.TINY.withSlabBytes(16 << 10).withMapBytesMin(0);
            case 1 -> HeapRun.TINY.withBufferBytesMax(1 << 20).withTargetFill(0.5);
            default -> HeapRun.TINY;
          };
      List<HeapStep> script = HeapStep.script(seed, STEPS);
      try {
        run(script, options);
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(
            "seed " + seed + ", " + options + ", least script " + shrunk(script, options), e);
      }
    }
    assertTrue(moved > 100 && replaced > 100 && pieces > 10, moved + " " + replaced + " " + pieces);
  }
}
