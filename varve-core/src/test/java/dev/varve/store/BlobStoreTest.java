package dev.varve.store;

import static dev.varve.store.BlobFixture.BLOBS;
import static dev.varve.store.BlobFixture.THRESHOLD;
import static dev.varve.store.BlobFixture.b;
import static dev.varve.store.BlobFixture.key;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.lsm.version.Version;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.VarveException;
import dev.varve.kv.VerifyReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Stores with values so large that they stand in blob files.
final class BlobStoreTest {
  /** A seed to repeat: `-Dvarve.seed=…`. */
  private static final @Nullable Long SEED = Long.getLong("varve.seed");

  private static final int KEYS = 120;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final SplittableRandom random = new SplittableRandom(17);

  private byte[] value(int length) {
    byte[] value = new byte[length];
    random.nextBytes(value);
    return value;
  }

  private long blobFiles() throws IOException {
    return BlobFixture.names(fs, StoreFileName.Blob.class).size();
  }

  @Test
  void values_around_the_threshold_are_the_same_in_every_read() throws IOException {
    NavigableMap<String, byte[]> model = new TreeMap<>();
    int[] lengths = {
      0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 5000, 64 << 10, 300 << 10, 2 << 20
    };
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      for (int i = 0; i < lengths.length; i++) {
        model.put(key(i), value(lengths[i]));
        keyspace.put(b(key(i)), model.get(key(i)));
      }
      BlobFixture.requireSame(model, keyspace, "in memory or files");
      store.flush();
      assertTrue(blobFiles() > 0);
      BlobFixture.requireSame(model, keyspace, "in files");
      TreeMap<String, byte[]> then = new TreeMap<>(model);
      try (Snapshot snapshot = store.snapshot()) {
        for (int i = 0; i < lengths.length; i++) {
          model.put(key(i), value(lengths[lengths.length - 1 - i]));
          keyspace.put(b(key(i)), model.get(key(i)));
        }
        store.flush();
        BlobFixture.requireSame(model, keyspace, "now");
        BlobFixture.requireSame(then, keyspace.at(snapshot), "then");
        assertTrue(keyspace.at(snapshot).contains(b(key(4))));
      }
      List<byte[]> keys = model.keySet().stream().map(BlobFixture::b).toList();
      List<byte[]> all = keyspace.getAll(keys);
      for (int i = 0; i < keys.size(); i++) {
        assertArrayEquals(model.get(key(i)), all.get(i));
      }
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
    try (Store store = BlobFixture.open(fs)) {
      BlobFixture.requireSame(model, store.keyspace("k"), "reopened");
      assertEquals(BLOBS, store.keyspace("k").options());
    }
    var _ = BlobFixture.requireAccounts(fs, 1, "closed");
  }

  @Test
  void sizes_and_presence_are_told_without_reading_a_value() throws IOException {
    AtomicLong readBytes = new AtomicLong();
    FaultFileSystem observed =
        new FaultFileSystem(
            fs,
            operation -> {
              if (operation.kind() == FileOperation.Kind.READ
                  && operation.path().toString().endsWith(".blob")) {
                readBytes.addAndGet(operation.length());
              }
            });
    try (Store store = BlobFixture.open(observed)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      for (int i = 0; i < 20; i++) {
        keyspace.put(b(key(i)), value(10_000 + i));
      }
      store.flush();
      readBytes.set(0);
      try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
        int i = 0;
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          assertEquals(10_000 + i, cursor.valueSize());
          assertTrue(keyspace.contains(b(key(i++))));
        }
        assertEquals(20, i);
        assertEquals(0, readBytes.get());
        assertTrue(cursor.seek(b(key(7))));
        assertEquals(10_007, cursor.value().length);
      }
      assertTrue(readBytes.get() >= 10_007 && readBytes.get() < 11_000, readBytes + "");
    }
  }

  @Test
  void the_threshold_decides_what_goes_to_blob_files_and_the_codec_how() throws IOException {
    long[] blobs = new long[4];
    KeyspaceOptions[] each = {
      BLOBS.withBlobThreshold(ByteSize.ofKibibytes(8)),
      BLOBS.withBlobThreshold(ByteSize.ofKibibytes(4)),
      BLOBS.withBlobThreshold(ByteSize.ofKibibytes(4)).withCompression(BlockCompression.LZ4),
      KeyspaceOptions.of(BLOBS.engine())
    };
    try (Store store = BlobFixture.open(fs)) {
      for (int i = 0; i < each.length; i++) {
        Keyspace keyspace = store.keyspace("k" + i, each[i]);
        long before = BlobFixture.bytes(fs, StoreFileName.Blob.class);
        keyspace.put(b("a"), new byte[4 << 10]);
        keyspace.put(b("b"), new byte[8 << 10]);
        keyspace.put(b("c"), new byte[(32 << 10) - 1]);
        store.flush();
        blobs[i] = BlobFixture.bytes(fs, StoreFileName.Blob.class) - before;
      }
      long overhead = 120;
      long record = 33;
      assertEquals(overhead + 2 * record + (40 << 10) - 1, blobs[0]);
      assertEquals(overhead + 3 * record + (44 << 10) - 1, blobs[1]);
      assertTrue(blobs[2] > 0 && blobs[2] < 1000, Arrays.toString(blobs));
      assertEquals(0, blobs[3], "the default is 32 KiB");
      store.keyspace("k3").put(b("d"), new byte[32 << 10]);
      long before = BlobFixture.bytes(fs, StoreFileName.Blob.class);
      store.flush();
      assertTrue(BlobFixture.bytes(fs, StoreFileName.Blob.class) > before);
      assertTrue(store.keyspace("k3").stats().valueBytes() > 0);
    }
  }

  /** Random writes in the keyspace and in a model of it; two of five values are large. */
  private static void write(
      Keyspace keyspace, NavigableMap<String, byte[]> model, SplittableRandom random, int steps) {
    for (int i = 0; i < steps; i++) {
      int at = random.nextInt(KEYS);
      int kind = random.nextInt(100);
      if (kind < 85) {
        byte[] value = new byte[random.nextInt(random.nextInt(5) < 2 ? 6000 : 300)];
        random.nextBytes(value);
        keyspace.put(b(key(at)), value);
        model.put(key(at), value);
      } else if (kind < 98) {
        keyspace.delete(b(key(at)));
        model.remove(key(at));
      } else {
        int to = at + 1 + random.nextInt(20);
        keyspace.deleteRange(KeyRange.of(b(key(at)), b(key(to))));
        model.subMap(key(at), key(to)).clear();
      }
    }
  }

  @Test
  void whatever_is_flushed_merged_and_collected_every_reader_finds_what_it_found_before()
      throws IOException {
    for (long seed = 0; seed < 4; seed++) {
      run(SEED == null ? seed : SEED);
    }
  }

  private static void run(long seed) throws IOException {
    String name =
        "mvn -pl varve-bom,varve-core test -Dtest=BlobStoreTest -Dvarve.seed=" + seed + " ";
    SplittableRandom random = new SplittableRandom(seed);
    MemoryFileSystem where = MemoryFileSystem.withoutCrashes();
    TreeMap<String, byte[]> model = new TreeMap<>();
    for (int life = 0; life < 3; life++) {
      try (Store store = BlobFixture.open(where)) {
        Keyspace keyspace = store.keyspace("k", BLOBS);
        BlobFixture.requireSame(model, keyspace, name + "opened");
        List<Snapshot> snapshots = new ArrayList<>();
        List<TreeMap<String, byte[]>> thens = new ArrayList<>();
        for (int round = 0; round < 8; round++) {
          write(keyspace, model, random, 250);
          if (random.nextBoolean()) {
            snapshots.add(store.snapshot());
            thens.add(new TreeMap<>(model));
          }
          if (random.nextInt(3) == 0) {
            store.flush();
          }
          if (!snapshots.isEmpty() && random.nextInt(3) == 0) {
            snapshots.removeFirst().close();
            var _ = thens.removeFirst();
          }
          for (int i = 0; i < snapshots.size(); i++) {
            BlobFixture.requireSame(thens.get(i), keyspace.at(snapshots.get(i)), name + "then");
          }
          BlobFixture.requireSame(model, keyspace, name + "now");
        }
        VerifyReport report = store.verify(true, ProgressListener.NONE);
        assertEquals(List.of(), report.problems(), name);
        snapshots.forEach(Snapshot::close);
        store.flush();
      }
      var _ = BlobFixture.requireAccounts(where, 1, name);
    }
  }

  @Test
  void space_comes_back_when_everything_is_overwritten_again_and_again() throws IOException {
    long live = 0;
    long most = 0;
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      int keys = 100;
      for (int round = 0; round < 30; round++) {
        live = 0;
        for (int i = 0; i < keys; i++) {
          byte[] value = value(4000);
          live += value.length;
          keyspace.put(b(key(random.nextInt(keys))), value);
        }
        if (round > 3) {
          most = Math.max(most, BlobFixture.bytes(fs, StoreFileName.Blob.class));
        }
      }
      // Half of a file may be dead before it is due, and four flushes wait for their merge.
      assertTrue(most < 3 * live, most + " bytes for " + live + " that are alive");
      keyspace.deleteRange(KeyRange.all());
      for (int i = 0; i < 5; i++) {
        keyspace.put(b(key(i)), value(10));
        store.flush();
      }
      assertEquals(0, blobFiles(), "nothing is left when nothing is alive");
    }
  }

  @Test
  void files_that_are_mostly_dead_are_emptied_though_no_merge_meets_what_is_left()
      throws IOException {
    NavigableMap<String, byte[]> model = new TreeMap<>();
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      // Small values keep the sstables of the first keys and of the last ones apart.
      for (int i = 1000; i < 3000; i++) {
        put(keyspace, model, i, 150);
      }
      for (int file = 0; file < 10; file++) {
        for (int i = 0; i < 10; i++) {
          put(keyspace, model, i, 4000);
        }
        put(keyspace, model, 9000 + file, 2000);
        store.flush();
      }
      long live = model.values().stream().filter(v -> v.length >= THRESHOLD).count();
      for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 10; i++) {
          put(keyspace, model, i, 4000);
        }
        store.flush();
      }
      assertEquals(20, live);
      BlobFixture.requireSame(model, keyspace, "collected");
    }
    Version version = BlobFixture.requireAccounts(fs, 1, "closed");
    assertTrue(version.blobs().size() < 8, version.blobs().toString());
    for (Version.BlobFile blob : version.blobs()) {
      assertTrue(2 * blob.liveBytes() >= blob.fileBytes() - 120, version.blobs().toString());
    }
  }

  private void put(Keyspace keyspace, NavigableMap<String, byte[]> model, int key, int length) {
    byte[] value = value(length);
    model.put(key(key), value);
    keyspace.put(b(key(key)), value);
  }

  @Test
  void compaction_that_somebody_asked_for_leaves_no_file_that_is_mostly_dead() throws IOException {
    NavigableMap<String, byte[]> model = new TreeMap<>();
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      // Many small values, so that rewriting an sstable costs more than a blob file would free.
      for (int i = 1000; i < 3000; i++) {
        put(keyspace, model, i, 150);
      }
      put(keyspace, model, 0, 2000);
      put(keyspace, model, 9000, 1500);
      store.flush();
      put(keyspace, model, 0, 2000);
      store.flush();
      store.compact(keyspace);
      BlobFixture.requireSame(model, keyspace, "compacted");
    }
    Version version = BlobFixture.requireAccounts(fs, 1, "closed");
    for (Version.BlobFile blob : version.blobs()) {
      assertEquals(blob.fileBytes() - 120, blob.liveBytes(), version.blobs().toString());
    }
  }

  @Test
  void a_cursor_and_a_snapshot_keep_what_they_read() throws IOException {
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      byte[] old = value(5000);
      keyspace.put(b("a"), old);
      store.flush();
      String first = BlobFixture.names(fs, StoreFileName.Blob.class).getFirst();
      try (Snapshot snapshot = store.snapshot();
          Cursor cursor = keyspace.at(snapshot).cursor(KeyRange.all())) {
        assertTrue(cursor.seekToFirst());
        for (int i = 0; i < 12; i++) {
          keyspace.put(b("a"), value(5000));
          store.flush();
        }
        assertArrayEquals(old, cursor.value());
        assertArrayEquals(old, keyspace.at(snapshot).get(b("a")));
      }
      for (int i = 0; i < 6; i++) {
        keyspace.put(b("a"), value(5000));
        store.flush();
      }
      assertFalse(BlobFixture.names(fs, StoreFileName.Blob.class).contains(first));
    }
  }

  /** What is written to files of a keyspace, beside the log, for so many rounds of overwriting. */
  private static long written(KeyspaceOptions options) {
    AtomicLong bytes = new AtomicLong();
    FaultFileSystem observed =
        new FaultFileSystem(
            MemoryFileSystem.withoutCrashes(),
            operation -> {
              String name = operation.path().toString();
              if (operation.kind() == FileOperation.Kind.WRITE
                  && (name.contains(".sst") || name.contains(".blob"))) {
                bytes.addAndGet(operation.length());
              }
            });
    SplittableRandom random = new SplittableRandom(3);
    try (Store store = BlobFixture.open(observed)) {
      Keyspace keyspace = store.keyspace("k", options);
      for (int i = 0; i < 1200; i++) {
        byte[] value = new byte[4000];
        random.nextBytes(value);
        keyspace.put(b(key(random.nextInt(200))), value);
      }
      store.flush();
    }
    return bytes.get();
  }

  @Test
  void large_values_are_written_fewer_times_than_without_blob_files() {
    long with = written(BLOBS);
    long without = written(BLOBS.withBlobThreshold(ByteSize.ofMebibytes(1)));
    long accepted = 1200 * 4006L;
    assertTrue(with < 2 * accepted, with + " of " + accepted);
    assertTrue(2 * with < without, with + " and " + without);
  }

  @Test
  void damage_to_a_blob_file_is_a_typed_error_and_verification_names_it() throws IOException {
    NavigableMap<String, byte[]> model = new TreeMap<>();
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k", BLOBS);
      for (int i = 0; i < 3; i++) {
        model.put(key(i), value(THRESHOLD + i));
        keyspace.put(b(key(i)), model.get(key(i)));
      }
      store.flush();
    }
    Path path =
        StoreFixture.DIRECTORY.resolve(BlobFixture.names(fs, StoreFileName.Blob.class).getFirst());
    byte[] sound = fs.bytes(path);
    for (int at = 0; at < sound.length; at += at < 200 ? 1 : 61) {
      byte[] damaged = sound.clone();
      damaged[at] ^= 16;
      fs.replaceBytes(path, damaged);
      requireNoticed(model, path, "byte " + at);
    }
    for (int at = sound.length - 56; at < sound.length; at++) {
      byte[] damaged = sound.clone();
      damaged[at] ^= 4;
      fs.replaceBytes(path, damaged);
      requireNoticed(model, path, "byte " + at);
    }
    fs.replaceBytes(path, sound);
    try (Store store = BlobFixture.open(fs)) {
      assertTrue(store.verify(false, ProgressListener.NONE).isSound());
    }
    fs.delete(path);
    requireNoticed(model, path, "missing");
  }

  private void requireNoticed(NavigableMap<String, byte[]> model, Path path, String what) {
    try (Store store = BlobFixture.open(fs)) {
      Keyspace keyspace = store.keyspace("k");
      for (String key : model.keySet()) {
        try {
          assertArrayEquals(model.get(key), keyspace.get(b(key)), what);
        } catch (CorruptionException e) {
          assertEquals(path, e.file(), what);
        }
      }
      VerifyReport report = store.verify(false, ProgressListener.NONE);
      assertFalse(report.isSound(), what);
      assertTrue(report.problems().getFirst().contains(path.toString()), report + what);
    } catch (CorruptionException e) {
      assertEquals(path, e.file(), what);
    } catch (VarveException e) {
      assertNull(e, what);
    }
  }
}
