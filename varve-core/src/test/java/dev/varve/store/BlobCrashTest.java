package dev.varve.store;

import static dev.varve.store.BlobFixture.BLOBS;
import static dev.varve.store.BlobFixture.b;
import static dev.varve.store.BlobFixture.key;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Keyspace;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Power cuts, kills and errors while blob files are written, collected and deleted.
final class BlobCrashTest {
  /** A seed to repeat: `-Dvarve.seed=…`. */
  private static final @Nullable Long SEED = Long.getLong("varve.seed");

  private static final int KEYS = 30;
  private static final int STEPS = 400;
  private static final List<CrashImage.Mode> MODES = List.of(CrashImage.Mode.values());

  /** The state after each commit; the first commit makes the keyspace. */
  private final List<TreeMap<String, byte[]>> history = new ArrayList<>();

  private long durable;
  private long cuts;
  private long images;
  private long withBlobs;

  /** What was wrong first: an error in the middle of an operation would fail the store instead. */
  private @Nullable AssertionError wrong;

  private static String name(long seed) {
    return "mvn -pl varve-bom,varve-core test -Dtest=BlobCrashTest -Dvarve.seed=" + seed + " ";
  }

  @Test
  void a_cut_at_any_operation_leaves_no_reference_without_its_value() throws IOException {
    long seed = SEED == null ? 3 : SEED;
    MemoryFileSystem memory = new MemoryFileSystem();
    SplittableRandom random = new SplittableRandom(seed);
    SplittableRandom sampler = new SplittableRandom(seed + 1);
    history.add(new TreeMap<>());
    history.add(new TreeMap<>());
    FaultFileSystem observed =
        new FaultFileSystem(
            memory,
            operation -> {
              if (operation.kind().changes() && isOfFiles(operation)) {
                cuts++;
                if (sampler.nextInt(6) == 0 && wrong == null) {
                  look(memory, sampler, name(seed) + "before " + operation);
                }
              }
            });
    try (Store store = BlobFixture.open(observed)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      for (int step = 0; step < STEPS; step++) {
        step(store, keyspace, random);
      }
    }
    if (wrong != null) {
      throw wrong;
    }
    assertTrue(cuts > 300 && images > 50 && withBlobs > 40, cuts + " " + images + " " + withBlobs);
  }

  private static boolean isOfFiles(FileOperation operation) {
    // What the log does is cut elsewhere.
    return !operation.path().toString().endsWith(".seg");
  }

  private void step(Store store, Keyspace keyspace, SplittableRandom random) {
    TreeMap<String, byte[]> next = new TreeMap<>(history.getLast());
    int at = random.nextInt(KEYS);
    int kind = random.nextInt(100);
    if (kind < 80) {
      byte[] value = new byte[random.nextInt(4) == 0 ? 50 : 1024 + random.nextInt(4000)];
      random.nextBytes(value);
      next.put(key(at), value);
      history.add(next);
      keyspace.put(b(key(at)), value);
    } else if (kind < 90) {
      next.remove(key(at));
      history.add(next);
      keyspace.delete(b(key(at)));
    } else if (kind < 95) {
      long through = history.size() - 1;
      store.sync();
      durable = through;
    } else {
      store.flush();
    }
  }

  /** What a power cut, or a kill, would leave now. */
  private void look(MemoryFileSystem memory, SplittableRandom sampler, String name) {
    int mode = sampler.nextInt(MODES.size() + 1);
    String what = name + (mode == MODES.size() ? " killed " : " cut, " + MODES.get(mode));
    MemoryFileSystem left =
        mode == MODES.size()
            ? memory.kill()
            : memory.crash(new CrashImage(sampler.nextLong(), MODES.get(mode)));
    images++;
    try {
      recover(left, mode == MODES.size(), what);
    } catch (AssertionError e) {
      wrong = e;
    } catch (IOException | VarveException e) {
      wrong = new AssertionError(what, e);
    }
  }

  private void recover(MemoryFileSystem left, boolean killed, String what) throws IOException {
    NavigableMap<String, byte[]> model;
    try (Store store = BlobFixture.open(left)) {
      int found = (int) store.recovery().lastSequence();
      assertTrue(found >= durable && found < history.size(), what + ": " + found);
      assertTrue(!killed || found >= history.size() - 2, what + ": " + found);
      if (found == 0) {
        return;
      }
      model = new TreeMap<>(history.get(found));
      Keyspace keyspace = store.keyspace("k", BLOBS);
      BlobFixture.requireSame(model, keyspace, what);
      assertEquals(
          List.of(), store.verify(true, ProgressListener.NONE).problems(), what + " verified");
      // Whatever is written next takes away what the cut left behind.
      for (int i = 0; i < 5; i++) {
        model.put(key(i), new byte[2000]);
        keyspace.put(b(key(i)), new byte[2000]);
      }
      store.flush();
    }
    if (!BlobFixture.requireAccounts(left, 1, what).blobs().isEmpty()) {
      withBlobs++;
    }
    try (Store store = BlobFixture.open(left)) {
      BlobFixture.requireSame(model, store.keyspace("k"), what + " again");
    }
  }

  @Test
  void an_error_at_any_operation_on_a_blob_file_loses_nothing() throws IOException {
    long seed = SEED == null ? 5 : SEED;
    List<Long> operations = new ArrayList<>();
    long end =
        runWith(
            seed,
            operation -> {
              if (operation.path().toString().contains(".blob")) {
                operations.add(operation.index());
              }
            },
            null);
    operations.removeIf(index -> index >= end);
    assertTrue(operations.size() > 100, operations.size() + " operations");
    for (Fault.Errno error : List.of(Fault.Errno.EIO, Fault.Errno.ENOSPC)) {
      for (int i = 0; i < operations.size(); i += 41) {
        var _ =
            runWith(
                seed,
                _ -> {},
                FaultRule.when(FaultRule.index(operations.get(i))).then(new Fault.Refused(error)));
      }
    }
  }

  /** Runs a script with an error in it; answers how many operations on files it took. */
  private static long runWith(long seed, Consumer<FileOperation> observer, @Nullable FaultRule rule)
      throws IOException {
    String name = name(seed) + (rule == null ? "" : rule);
    MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
    FaultFileSystem faulty = new FaultFileSystem(memory, observer);
    if (rule != null) {
      var _ = faulty.with(rule);
    }
    NavigableMap<String, byte[]> model = new TreeMap<>();
    SplittableRandom random = new SplittableRandom(seed);
    long operations;
    try (Store store = BlobFixture.open(faulty)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      for (int step = 0; step < 120; step++) {
        byte[] value = new byte[random.nextInt(4) == 0 ? 50 : 1024 + random.nextInt(4000)];
        random.nextBytes(value);
        String key = key(random.nextInt(KEYS));
        try {
          keyspace.put(b(key), value);
          model.put(key, value);
          if (step % 10 == 9) {
            store.flush();
          }
        } catch (StoreIoException | DiskFullException e) {
          // What was not written to files is in memory; a put that was refused did nothing.
          assertTrue(rule != null, name);
        }
      }
      operations = faulty.operationCount();
      faulty.heal();
      BlobFixture.requireSame(model, keyspace, name);
      assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems(), name);
      store.flush();
    }
    try (Store store = BlobFixture.open(memory)) {
      Keyspace keyspace = store.keyspace("k");
      BlobFixture.requireSame(model, keyspace, name);
      keyspace.put(b(key(0)), new byte[2000]);
      store.flush();
    }
    var _ = BlobFixture.requireAccounts(memory, 1, name);
    return operations;
  }
}
