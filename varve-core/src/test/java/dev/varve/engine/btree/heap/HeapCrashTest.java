package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The power goes, or the process, before any operation on a file.
final class HeapCrashTest {
  private static final int RUNS = 3;
  private static final int STEPS = 80;

  /** One of so many images is gone on with, and cut again at each operation of that. */
  private static final int GO_ON = 23;

  private int images;
  private int found;
  private int wentOn;

  /** The life of a process on a file system that is cut again and again. */
  private final class Life {
    private final MemoryFileSystem memory;
    private final HeapRun run;
    private final String where;
    private final boolean goesOn;

    /** Commits up to this one are there for certain. */
    private int floor;

    private boolean watched;
    private int cuts;

    Life(MemoryFileSystem memory, byte[] noted, String where, boolean goesOn) throws IOException {
      this.memory = memory;
      this.where = where;
      this.goesOn = goesOn;
      this.run =
          new HeapRun(
              new FaultFileSystem(
                  memory,
                  operation -> {
                    if (operation.kind().changes()) {
                      cut("" + operation);
                    }
                  }),
              HeapRun.TINY,
              noted);
    }

    void run(List<HeapStep> script) throws IOException {
      for (HeapStep step : script) {
        watched = true;
        run.run(step);
        watched = false;
        if (step instanceof HeapStep.Commit || step instanceof HeapStep.Note) {
          floor = run.history.size() - 1;
        }
      }
    }

    private void cut(String operation) {
      if (!watched) {
        return;
      }
      watched = false;
      cuts++;
      for (CrashImage.Mode mode : CrashImage.Mode.values()) {
        CrashImage image = new CrashImage(cuts * 31L + images, mode);
        recover(memory.crash(image), where + ", " + image + " before " + operation, false);
      }
      if (goesOn) {
        recover(memory.kill(), where + ", killed before " + operation, true);
      }
      watched = true;
    }

    /** What a process does that comes after; not each asks for the state first. */
    private List<HeapStep> goOn() {
      List<HeapStep> steps = new ArrayList<>();
      if (wentOn % 2 == 0) {
        steps.add(new HeapStep.Note());
      }
      for (int i = 0; i < 6; i++) {
        steps.add(new HeapStep.Put((images + 7 * i) % 40, 100 + 50 * i));
      }
      steps.add(new HeapStep.Delete(images % 30 + 1));
      steps.add(new HeapStep.Commit(true));
      steps.add(new HeapStep.Put(2, 5000));
      steps.add(new HeapStep.Commit(true));
      steps.add(new HeapStep.Note());
      return steps;
    }

    private void recover(MemoryFileSystem after, String what, boolean killed) {
      images++;
      List<Map<Integer, byte[]>> possible = run.possible();
      byte[] noted = run.noted;
      boolean next = goesOn && (killed || images % GO_ON == 0);
      try {
        Life process = new Life(after, noted, what, false);
        try (HeapRun recovered = process.run) {
          if (noted.length == 0) {
            assertEquals(0, recovered.heap.cut(), "nobody knows of a heap");
          } else {
            int commit = recovered.adopt(possible);
            assertTrue(commit >= floor, () -> "commit " + commit + " of " + floor);
            found += commit > floor ? 1 : 0;
            process.floor = floor;
          }
          if (next || images % 5 == 0) {
            recovered.requireSound();
          }
          if (next) {
            wentOn++;
            process.run(goOn());
            recovered.requireAll();
            recovered.requireSound();
          }
        }
        assertEquals(List.of(), after.openFiles());
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(what, e);
      }
    }
  }

  @Test
  void every_cut_leaves_a_batch_that_was_with_everything_committed() throws IOException {
    long first = Long.getLong("varve.seed", 1);
    for (long seed = first; seed < first + RUNS; seed++) {
      Life process = new Life(new MemoryFileSystem(), new byte[0], "seed " + seed, true);
      try (HeapRun _ = process.run) {
        process.run(List.of(new HeapStep.Put(0, 90), new HeapStep.Commit(true)));
        process.run(List.of(new HeapStep.Note()));
        process.run(HeapStep.script(seed, STEPS));
      }
    }
    assertTrue(found > 100 && wentOn > 100, found + " found, went on with " + wentOn);
    System.out.println("heap crash test: " + images + " images, went on with " + wentOn);
  }
}
