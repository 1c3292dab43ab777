package dev.varve.rigs;

import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import dev.varve.store.FileInspector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// The files that a damage rig damages: a store that was closed, the same one killed later, what
/// its files were before, and those of another store.
///
/// @param closed the files after a clean close
/// @param crashed the files after a kill some commits later
/// @param older what the files were at earlier closes
/// @param foreign the files of a store with another identity and other entries
/// @param history the states after each commit
/// @param closedLast the last commit of the closed store
/// @param work what its engines with files did
record DamageCorpus(
    Map<String, byte[]> closed,
    Map<String, byte[]> crashed,
    List<Map<String, byte[]>> older,
    Map<String, byte[]> foreign,
    List<StoreState> history,
    long closedLast,
    EngineWork work) {
  /// Makes the files of a case. Its level must sync every commit, so that only the last one of the
  /// killed store can be taken for a torn write.
  static DamageCorpus make(RigCase rigCase) {
    MemoryFileSystem fs = new MemoryFileSystem();
    ScriptRun run = new ScriptRun(rigCase, rigCase.level());
    List<Map<String, byte[]>> older = new ArrayList<>();
    List<Step> steps = rigCase.script().steps();
    SplittableRandom random = new SplittableRandom(rigCase.seed());
    try (LaneThreads threads = new LaneThreads(rigCase.lanes())) {
      int _ = threads.on(0, () -> run.open(fs));
      for (Step step : steps) {
        int _ = threads.on(random.nextInt(rigCase.lanes()), () -> run.step(fs, step, () -> {}));
        if (step instanceof Step.Reopen || step instanceof Step.Flush) {
          older.add(files(fs));
        }
      }
      int _ = threads.on(0, run::close);
      Map<String, byte[]> closed = files(fs);
      long closedLast = run.promise().issued();
      int _ = threads.on(0, () -> run.open(fs));
      for (int i = 0; i < 6; i++) {
        Step step = new Step.Put("a", new byte[] {'k', (byte) i}, new byte[50 + i], null);
        int _ = threads.on(random.nextInt(rigCase.lanes()), () -> run.step(fs, step, () -> {}));
      }
      Map<String, byte[]> crashed = files(fs);
      int _ = threads.on(0, run::close);
      return new DamageCorpus(
          closed,
          crashed,
          older,
          foreign(rigCase),
          List.copyOf(run.history()),
          closedLast,
          run.work());
    }
  }

  private static Map<String, byte[]> foreign(RigCase rigCase) {
    RigCase other =
        new RigCase(
            rigCase.engine(),
            rigCase.level(),
            rigCase.lanes(),
            rigCase.seed() + 1,
            rigCase.steps(),
            rigCase.bug());
    MemoryFileSystem fs = new MemoryFileSystem();
    new ScriptRun(other, other.level()).run(fs, () -> {});
    return files(fs);
  }

  /// The files of a store's directory.
  static Map<String, byte[]> files(MemoryFileSystem fs) {
    Map<String, byte[]> files = new TreeMap<>();
    try {
      for (String name : fs.list(RigStore.DIRECTORY)) {
        files.put(name, fs.bytes(RigStore.DIRECTORY.resolve(name)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  /// A file system that holds these files.
  static MemoryFileSystem fileSystem(Map<String, byte[]> files) {
    MemoryFileSystem fs = new MemoryFileSystem();
    try {
      fs.createDirectories(RigStore.DIRECTORY);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    files.forEach((name, bytes) -> fs.replaceBytes(RigStore.DIRECTORY.resolve(name), bytes));
    return fs;
  }

  /// What the opening of the closed store says that nothing needs: the files of keyspaces that were
  /// dropped since the last flush.
  String unneeded(RigCase rigCase) {
    RigStore store = new RigStore(fileSystem(closed), rigCase, rigCase.options(), new HandClock());
    try {
      return String.join("\n", store.store().recovery().notices());
    } finally {
      store.close();
    }
  }

  /// Up to where a checksum covers the bytes of a file.
  long covered(Map<String, byte[]> files, String name) {
    byte[] bytes = files.getOrDefault(name, new byte[0]);
    if (!(StoreFileName.parse(name) instanceof StoreFileName.Segment)) {
      return bytes.length;
    }
    String end =
        FileInspector.inspect(fileSystem(files), RigStore.DIRECTORY.resolve(name), 0)
            .properties()
            .get("end");
    return end == null ? bytes.length : Long.parseLong(end);
  }

  /// Whether a segment that the killed process made is as long as it was and another: an older copy
  /// of itself, with no byte left that could tell.
  boolean isNewestReplaced(Map<String, byte[]> files) {
    for (Map.Entry<String, byte[]> file : crashed.entrySet()) {
      byte[] left = files.get(file.getKey());
      if (StoreFileName.parse(file.getKey()) instanceof StoreFileName.Segment
          && !closed.containsKey(file.getKey())
          && left != null
          && left.length == file.getValue().length
          && !Arrays.equals(left, file.getValue())) {
        return true;
      }
    }
    return false;
  }

  /// The last commit.
  long last(boolean clean) {
    return clean ? closedLast : history.size() - 1;
  }

  /// The least that may be left: of a killed store the last commit may pass for a torn write.
  long least(boolean clean) {
    return clean ? closedLast : history.size() - 2;
  }

  /// The state after a commit.
  StoreState state(long sequence) {
    return history.get((int) sequence);
  }
}
