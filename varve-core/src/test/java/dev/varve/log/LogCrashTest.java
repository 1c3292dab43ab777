package dev.varve.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.log.LogRecovery.ReplayFrom;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Cuts the power at every operation of random runs of the log: what is recovered is a prefix of
/// what was appended, holds everything that was acknowledged, and is the same the second time.
final class LogCrashTest {
  private static final int RUNS = 6;

  /** One run of several lives, the power cut at each operation. */
  private static final class Run {
    final long seed;
    final SplittableRandom random;
    final int lanes;
    final List<String> appended = new ArrayList<>();
    long acknowledged;
    long flushed;
    List<Long> firstNeeded = List.of();
    MemoryFileSystem memory = LogFixture.fileSystem();
    int cuts;
    boolean exploring = true;

    Run(long seed) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.lanes = 1 + random.nextInt(3);
    }

    String where(String what) {
      return what + " (seed " + seed + ", cut " + cuts + ")";
    }

    /** Recovers what each kind of power cut would leave now. */
    void cut() {
      if (!exploring) {
        return;
      }
      cuts++;
      for (CrashImage.Mode mode : CrashImage.Mode.values()) {
        CrashImage image = new CrashImage(seed * 1_000_003 + cuts, mode);
        MemoryFileSystem after = memory.crash(image);
        List<String> first = recovered(after, image);
        assertEquals(first, recovered(after, image), where("a second recovery, " + image));
      }
    }

    private List<String> recovered(MemoryFileSystem fs, CrashImage image) {
      ReplayFrom from = new ReplayFrom(flushed, flushed, firstNeeded);
      try {
        LogFixture f = open(fs, from);
        int expected = (int) (flushed + f.payloads.size());
        assertTrue(
            expected >= acknowledged,
            () -> where(image + ": " + expected + " recovered of " + acknowledged));
        assertEquals(
            appended.subList((int) flushed, expected), f.payloads, () -> where("" + image));
        return f.payloads;
      } catch (IOException | RuntimeException e) {
        throw new AssertionError(where(image.toString()), e);
      }
    }

    LogFixture open(dev.varve.fs.FileSystem fs, ReplayFrom from) throws IOException {
      return new LogFixture(
          fs,
          LogFixture.DIRECTORY,
          LogFixture.options(lanes, 4096),
          from,
          new InlineBackground(),
          Clock.SYSTEM);
    }

    void life(Ending before, Ending ending) throws IOException {
      FaultFileSystem fs = new FaultFileSystem(memory, operation -> cut());
      LogFixture f = open(fs, new ReplayFrom(flushed, flushed, firstNeeded));
      if (before != Ending.POWER_CUT) {
        assertEquals(appended.size(), flushed + f.payloads.size(), () -> where("after " + before));
      }
      appended.subList(f.payloads.size() + (int) flushed, appended.size()).clear();
      int steps = 20 + random.nextInt(60);
      for (int step = 0; step < steps; step++) {
        int choice = random.nextInt(20);
        if (choice < 14) {
          String payload = seed + "/" + appended.size() + "x".repeat(random.nextInt(300));
          appended.add(payload);
          long number = f.append(random.nextInt(lanes), RecordKind.COMMIT, payload, choice < 5);
          assertEquals(appended.size(), number, () -> where("number"));
          cut();
          if (choice == 0) {
            f.log.awaitGroup(number);
            acknowledged = number;
            cut();
          }
        } else if (choice < 17) {
          f.log.syncNow();
          acknowledged = appended.size();
        } else if (choice == 17 && acknowledged > flushed) {
          flushed += 1 + random.nextInt((int) (acknowledged - flushed));
          List<Long> needed = f.log.firstNeeded(flushed);
          firstNeeded = needed;
          f.log.checkpoint(flushed, needed);
        }
      }
      switch (ending) {
        case POWER_CUT -> {
          CrashImage.Mode[] modes = CrashImage.Mode.values();
          memory =
              memory.crash(new CrashImage(random.nextLong(), modes[random.nextInt(modes.length)]));
          exploring = false;
          f.close();
          exploring = true;
        }
        case KILL -> {
          // The process is gone, and what it mapped; the cache stays.
        }
        case CLOSE -> {
          f.close();
          acknowledged = appended.size();
          cut();
        }
      }
    }
  }

  /** How a life ends. */
  private enum Ending {
    POWER_CUT,
    KILL,
    CLOSE
  }

  @Test
  void every_cut_recovers_a_prefix_with_everything_acknowledged() throws IOException {
    long first = Long.getLong("varve.seed", 1);
    int cuts = 0;
    for (long seed = first; seed < first + RUNS; seed++) {
      Run run = new Run(seed);
      Ending last = Ending.CLOSE;
      for (int life = 0; life < 5; life++) {
        Ending ending = Ending.values()[run.random.nextInt(3)];
        run.life(last, ending);
        last = ending;
      }
      cuts += run.cuts;
    }
    assertTrue(cuts > 1000, "cuts: " + cuts);
    System.out.println("log crash test: " + cuts + " cuts");
  }
}
