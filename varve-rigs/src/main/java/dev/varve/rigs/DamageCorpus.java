package dev.varve.rigs;

import dev.varve.engine.btree.heap.HeapMapInspection;
import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.FileInspection;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import dev.varve.store.FileInspector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
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
  /** What stands before the slabs of a heap. */
  private static final int HEAP_HEAD_BYTES = 4096;

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

  /// The bytes of a file that a checksum covers.
  static BitSet covered(Map<String, byte[]> files, String name) {
    BitSet covered = new BitSet();
    switch (StoreFileName.parse(name)) {
      case StoreFileName.Segment _ -> {
        String end = inspect(files, name, 0).properties().get("end");
        covered.set(0, end == null ? length(files, name) : Integer.parseInt(end));
      }
      case StoreFileName.Heap(int keyspace, long _) -> {
        covered.set(0, HEAP_HEAD_BYTES);
        covered.or(liveSlots(files, keyspace));
      }
      case StoreFileName.HeapMap(int keyspace, long _) ->
          covered.set(0, knownLength(files, name, keyspace));
      default -> covered.set(0, length(files, name));
    }
    return covered;
  }

  /**
   * How much of a map must be sound: its last edit, where that came after the catalog, passes for
   * torn, and the log has its commits.
   */
  private static int knownLength(Map<String, byte[]> files, String map, int keyspace) {
    FileInspection catalog = inspect(files, StoreFileName.CATALOG, Integer.MAX_VALUE);
    FileInspection found = inspect(files, map, Integer.MAX_VALUE);
    String holds = found.properties().get("holds every commit up to");
    boolean known =
        catalog.items().stream()
            .map(item -> item.what() + " " + item.detail())
            .anyMatch(
                text ->
                    text.startsWith("keyspace " + keyspace + " ")
                        && text.endsWith("flushed through " + holds));
    int end = length(files, map);
    for (FileInspection.Item item : known ? List.<FileInspection.Item>of() : found.items()) {
      if (item.what().startsWith("edit ")) {
        end = (int) item.offset();
      }
    }
    return end;
  }

  private static int length(Map<String, byte[]> files, String name) {
    return files.getOrDefault(name, new byte[0]).length;
  }

  /** The slots of a keyspace's heap that its newest map names: nothing reads any other. */
  private static BitSet liveSlots(Map<String, byte[]> files, int keyspace) {
    String newest = "";
    long newestNumber = -1;
    for (String name : files.keySet()) {
      if (StoreFileName.parse(name) instanceof StoreFileName.HeapMap(int of, long number)
          && of == keyspace
          && number > newestNumber) {
        newest = name;
        newestNumber = number;
      }
    }
    BitSet live = new BitSet();
    if (newestNumber >= 0) {
      for (FileInspection.Item item : inspect(files, newest, Integer.MAX_VALUE).items()) {
        if (item.what().equals(HeapMapInspection.SLOT)) {
          live.set((int) item.offset(), (int) (item.offset() + item.length()));
        }
      }
    }
    return live;
  }

  private static FileInspection inspect(Map<String, byte[]> files, String name, int itemsMax) {
    return FileInspector.inspect(fileSystem(files), RigStore.DIRECTORY.resolve(name), itemsMax);
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
