package dev.varve;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/// Classes that break the rules of the house, one each, to show that the rules see it. Nothing runs
/// them.
final class HouseCanaries {
  private HouseCanaries() {}

  static final class OpensFiles {
    byte[] read(Path path) throws IOException {
      return Files.readAllBytes(path);
    }
  }

  static final class MakesExecutors {
    ExecutorService make() {
      return Executors.newCachedThreadPool();
    }
  }

  static final class MakesThreads {
    Thread make(Runnable work) {
      return Thread.ofVirtual().start(work);
    }
  }

  static final class AsksTheMachineForTheTime {
    long nanos() {
      return System.nanoTime();
    }
  }

  static final class AsksForTheInstant {
    Instant now() {
      return Instant.now();
    }
  }

  static final class RollsDice {
    double roll() {
      return Math.random();
    }
  }

  static final class RollsDiceOfItsThread {
    long roll() {
      return ThreadLocalRandom.current().nextLong();
    }
  }

  static final class SeedsByChance {
    SplittableRandom make() {
      return new SplittableRandom();
    }
  }

  static final class LeavesArenas {
    Arena make() {
      return Arena.ofAuto();
    }
  }

  static final class Interrupts {
    void stop(Thread other) {
      other.interrupt();
    }
  }

  /// Restores its own status: the one interrupt that is allowed.
  static final class RestoresItsStatus {
    void restore() {
      Thread.currentThread().interrupt();
    }
  }

  static final class Prints {
    void print() {
      System.out.println("here");
    }
  }

  static final class PrintsTraces {
    void print(Throwable failure) {
      failure.printStackTrace();
    }
  }

  static final class Exits {
    void exit() {
      System.exit(1);
    }
  }

  static final class Halts {
    void halt() {
      Runtime.getRuntime().halt(1);
    }
  }

  static final class KeepsThreadLocals {
    static final ThreadLocal<byte[]> BUFFER = new ThreadLocal<>();
  }

  static final class Serializes {
    Object read(java.io.InputStream in) throws IOException, ClassNotFoundException {
      return new java.io.ObjectInputStream(in).readObject();
    }
  }

  static final class CanaryUtils {
    private CanaryUtils() {}
  }

  /// Each canary with the ban that it breaks; the last one is the JDK's own.
  static final List<Canary> ALL =
      List.of(
          new Canary(OpensFiles.class, HouseRules.FILES),
          new Canary(MakesExecutors.class, HouseRules.EXECUTORS),
          new Canary(MakesThreads.class, HouseRules.THREADS),
          new Canary(AsksTheMachineForTheTime.class, HouseRules.TIME),
          new Canary(AsksForTheInstant.class, HouseRules.TIME),
          new Canary(RollsDice.class, HouseRules.RANDOM),
          new Canary(RollsDiceOfItsThread.class, HouseRules.RANDOM),
          new Canary(SeedsByChance.class, HouseRules.RANDOM),
          new Canary(LeavesArenas.class, HouseRules.AUTO_ARENA),
          new Canary(Interrupts.class, HouseRules.STOPPING),
          new Canary(Prints.class, HouseRules.CONSOLE),
          new Canary(PrintsTraces.class, HouseRules.CONSOLE),
          new Canary(Exits.class, HouseRules.EXIT),
          new Canary(Halts.class, HouseRules.EXIT),
          new Canary(KeepsThreadLocals.class, HouseRules.THREAD_LOCALS),
          new Canary(Serializes.class, HouseRules.SERIALIZATION),
          new Canary(AtomicInteger.class, HouseRules.INTERNALS));

  /// A class, and the ban that it breaks.
  record Canary(Class<?> type, HouseRules.Ban ban) {
    @Override
    public String toString() {
      return type.getSimpleName();
    }
  }
}
