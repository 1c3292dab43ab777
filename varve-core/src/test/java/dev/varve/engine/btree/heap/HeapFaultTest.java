package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Every operation on a file fails once, in every way: what was refused left nothing and works when
/// the fault is gone, or the heap takes no batch any more; what was committed is never lost.
final class HeapFaultTest {
  private static final List<Fault> FAULTS =
      List.of(
          new Fault.Refused(Fault.Errno.EIO),
          new Fault.Refused(Fault.Errno.ENOSPC),
          new Fault.CutShort(100, Fault.Errno.EIO),
          new Fault.CutShort(100, Fault.Errno.ENOSPC),
          new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN),
          new Fault.SyncFails(SyncFailure.PAGES_REVERTED),
          new Fault.SyncFails(SyncFailure.REPORTED_LATE),
          new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN, Fault.Errno.ENOSPC),
          new Fault.SyncFails(SyncFailure.REPORTED_LATE, Fault.Errno.ENOSPC));

  /** Every so many operations are tried; which of them depends on the fault and the seed. */
  private static final int STRIDE = 5;

  private int refused;
  private int failed;
  private int unaffected;

  /** A script whose operations are many of each kind. */
  private static List<HeapStep> script() {
    List<HeapStep> script = new ArrayList<>();
    script.add(new HeapStep.Put(0, 100));
    script.add(new HeapStep.Commit(true));
    script.add(new HeapStep.Note());
    script.addAll(HeapStep.script(3, 50));
    script.add(new HeapStep.Reopen());
    for (int name = 0; name < HeapStep.NAMES; name++) {
      script.add(new HeapStep.Put(name, name == 4 ? 9000 : 290));
    }
    script.add(new HeapStep.Commit(true));
    for (int name = 0; name < HeapStep.NAMES; name++) {
      if (name % 3 != 1) {
        script.add(new HeapStep.Delete(name));
      }
    }
    for (int i = 0; i < 4; i++) {
      script.add(new HeapStep.Commit(true));
    }
    script.addAll(HeapStep.script(4, 30));
    script.add(new HeapStep.Note());
    return script;
  }

  private void run(Fault fault, long index) throws IOException {
    MemoryFileSystem memory = new MemoryFileSystem();
    FaultFileSystem faulty = new FaultFileSystem(memory);
    memory.createDirectories(HeapRun.DIRECTORY);
    var _ = faulty.with(FaultRule.when(FaultRule.index(index)).then(fault));
    HeapRun run = null;
    for (int attempt = 0; run == null; attempt++) {
      try {
        run = new HeapRun(faulty, HeapRun.TINY);
      } catch (IOException e) {
        assertEquals(0, attempt);
      }
    }
    boolean sound = true;
    for (HeapStep step : script()) {
      if (!run(run, step, memory)) {
        sound = false;
        faulty.heal();
        requireFailed(run, memory);
        break;
      }
    }
    faulty.heal();
    run.settle();
    run.requireAll();
    if (sound) {
      run.requireSound();
    }
    run.heap.close();
    assertEquals(0, run.budget.used());
    assertEquals(List.of(), memory.openFiles());
  }

  /** Answers whether the heap goes on. */
  private boolean run(HeapRun run, HeapStep step, MemoryFileSystem memory) throws IOException {
    List<Map<Integer, byte[]>> before = List.copyOf(run.history);
    try {
      run.run(step);
      return true;
    } catch (NoSpaceException e) {
      run.giveUp();
      refused++;
      if (step instanceof HeapStep.Reopen) {
        run.reopen();
      }
      assertEquals(before, run.history);
      run.requireAll();
      return true;
    } catch (IOException e) {
      run.giveUp();
      switch (step) {
        case HeapStep.Unpin _, HeapStep.Exit _ -> {
          // A read that failed is no failure of the heap.
          unaffected++;
          return true;
        }
        case HeapStep.Reopen _ -> {
          run.reopen();
          unaffected++;
          return true;
        }
        case HeapStep.Put _,
            HeapStep.Delete _,
            HeapStep.Commit _,
            HeapStep.GiveUp _,
            HeapStep.Pin _,
            HeapStep.Enter _,
            HeapStep.Note _ -> {
          failed++;
          requireRecovered(run, before, memory);
          return false;
        }
      }
    }
  }

  private static void requireFailed(HeapRun run, MemoryFileSystem memory) throws IOException {
    FileSystemException again =
        assertThrows(
            FileSystemException.class,
            () -> {
              run.put(1, 5000);
              run.commit(false);
            });
    assertTrue(String.valueOf(again.getMessage()).contains("failed before"), "" + again);
    run.giveUp();
    assertThrows(IOException.class, () -> run.heap.state());
    assertTrue(memory.exists(HeapRun.DIRECTORY));
  }

  /** Whatever follows a failure, what was committed is there. */
  private static void requireRecovered(
      HeapRun run, List<Map<Integer, byte[]>> before, MemoryFileSystem memory) throws IOException {
    List<MemoryFileSystem> images = new ArrayList<>(List.of(memory.kill()));
    for (CrashImage.Mode mode : CrashImage.Mode.values()) {
      images.add(memory.crash(new CrashImage(7, mode)));
      images.add(memory.kill().crash(new CrashImage(8, mode)));
    }
    List<Map<Integer, byte[]>> possible = new ArrayList<>(before);
    possible.add(run.lastTried());
    for (MemoryFileSystem image : images) {
      try (HeapRun next = new HeapRun(image, HeapRun.TINY, run.noted)) {
        if (run.noted.length > 0) {
          assertTrue(next.adopt(possible) >= before.size() - 1);
        }
        next.run(List.of(new HeapStep.Put(3, 800), new HeapStep.Commit(true)));
        next.requireAll();
        next.requireSound();
      }
    }
  }

  @Test
  void an_error_at_any_one_operation_loses_nothing_that_was_committed() throws IOException {
    MemoryFileSystem memory = new MemoryFileSystem();
    FaultFileSystem counting = new FaultFileSystem(memory);
    try (HeapRun run = new HeapRun(counting, HeapRun.TINY)) {
      run.run(script());
      assertTrue(
          run.moves() > 5 && run.replacements() > 1,
          run.moves() + " moves, " + run.replacements() + " maps");
    }
    long operations = counting.operationCount();
    long first = Long.getLong("varve.seed", 0);
    for (Fault fault : FAULTS) {
      for (long index = ++first % STRIDE; index < operations; index += STRIDE) {
        try {
          run(fault, index);
        } catch (IOException | VarveException | AssertionError e) {
          throw new AssertionError(fault + " at operation " + index, e);
        }
      }
    }
    assertTrue(refused > 50 && failed > 50 && unaffected > 20, refused + " " + failed);
    System.out.println(
        "heap fault test: "
            + operations
            + " operations, "
            + refused
            + " refused, "
            + failed
            + " failed, "
            + unaffected
            + " reads");
  }
}
