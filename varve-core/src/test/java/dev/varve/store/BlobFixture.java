package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.Version.BlobFile;
import dev.varve.format.EditFile;
import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeSet;

/// Stores with tiny memtables and a low threshold, and what must hold of their files.
final class BlobFixture {
  static final int THRESHOLD = 1 << 10;

  static final KeyspaceOptions BLOBS =
      KeyspaceOptions.of(EngineKind.LSM)
          .withMemtable(ByteSize.ofKibibytes(64))
          .withCompression(BlockCompression.NONE)
          .withBlobThreshold(ByteSize.ofBytes(THRESHOLD));

  private BlobFixture() {}

  static Store open(FileSystem where) {
    return StoreFixture.openInline(
        where,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        new InlineBackground());
  }

  static String key(int i) {
    return String.format(Locale.ROOT, "%06d", i);
  }

  static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static List<String> names(FileSystem where, Class<? extends StoreFileName> kind)
      throws IOException {
    return where.list(StoreFixture.DIRECTORY).stream()
        .filter(name -> kind.isInstance(StoreFileName.parse(name)))
        .toList();
  }

  /// The bytes of all files of a kind.
  static long bytes(MemoryFileSystem where, Class<? extends StoreFileName> kind)
      throws IOException {
    long sum = 0;
    for (String name : names(where, kind)) {
      sum += where.bytes(StoreFixture.DIRECTORY.resolve(name)).length;
    }
    return sum;
  }

  /// Every entry is found by every kind of read, and no other.
  static void requireSame(NavigableMap<String, byte[]> model, KeyspaceView view, String name) {
    try (Cursor cursor = view.cursor(KeyRange.all())) {
      boolean valid = cursor.seekToFirst();
      for (Map.Entry<String, byte[]> entry : model.entrySet()) {
        assertTrue(valid, name);
        assertArrayEquals(b(entry.getKey()), cursor.key(), name);
        assertEquals(entry.getValue().length, cursor.valueSize(), name);
        assertArrayEquals(entry.getValue(), cursor.value(), name + ": " + entry.getKey());
        valid = cursor.next();
      }
      assertEquals(false, valid, name);
      valid = cursor.seekToLast();
      for (Map.Entry<String, byte[]> entry : model.descendingMap().entrySet()) {
        assertTrue(valid, name);
        assertArrayEquals(b(entry.getKey()), cursor.key(), name);
        assertArrayEquals(entry.getValue(), cursor.value(), name + ": " + entry.getKey());
        valid = cursor.previous();
      }
      assertEquals(false, valid, name);
    }
    for (Map.Entry<String, byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), view.get(b(entry.getKey())), name + entry.getKey());
    }
  }

  private static Manifest.Content manifest(MemoryFileSystem fs, int keyspace) throws IOException {
    TreeSet<Long> numbers = new TreeSet<>();
    for (String name : names(fs, StoreFileName.Manifest.class)) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Manifest(int of, long number)
          && of == keyspace) {
        numbers.add(number);
      }
    }
    return Manifest.read(
        new Manifest.Place(fs, StoreFixture.DIRECTORY, envelope(fs).store(), keyspace),
        new EditFile.Pointer(numbers.getLast(), 0));
  }

  private static Envelope envelope(MemoryFileSystem fs) throws IOException {
    byte[] catalog = fs.bytes(StoreFixture.DIRECTORY.resolve(StoreFileName.CATALOG));
    return Envelope.read(StoreFixture.DIRECTORY, Arrays.copyOf(catalog, Envelope.SIZE));
  }

  /// What the version on disk knows of its blob files is so: of each, what is alive is what the
  /// sstables refer to, each reference can be read, and there is no other blob file.
  static Version requireAccounts(MemoryFileSystem fs, int keyspace, String name)
      throws IOException {
    Version version = manifest(fs, keyspace).version();
    MemoryBudget budget = new MemoryBudget(64 << 20);
    Envelope store = envelope(fs);
    SstableEnvironment sstables =
        new SstableEnvironment(
            fs,
            StoreFixture.DIRECTORY,
            store.store(),
            keyspace,
            new BlockCache(budget, 1 << 20),
            budget,
            RandomSource.seeded(1),
            Clock.SYSTEM);
    BlobEnvironment blobs =
        new BlobEnvironment(fs, StoreFixture.DIRECTORY, store.store(), keyspace, Clock.SYSTEM);
    Map<Long, Long> alive = new HashMap<>();
    Map<Long, BlobReader> readers = new HashMap<>();
    for (BlobFile blob : version.blobs()) {
      alive.put(blob.number(), 0L);
      readers.put(blob.number(), BlobReader.open(blobs, blob.number()));
    }
    for (SstableMeta sstable : version.all()) {
      SstableReader reader =
          SstableReader.open(sstables, sstable.number(), SstableOptions.DEFAULTS);
      try (SstableCursor cursor = reader.cursor()) {
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          if (cursor.kind() == Stamp.BLOB) {
            byte[] value = cursor.value();
            BlobReference reference = BlobReference.decode(value, 0, value.length);
            assertNotNull(reference, name);
            BlobReader blob = readers.get(reference.file());
            assertNotNull(blob, name + ": blob file " + reference.file());
            assertEquals(reference.valueLength(), blob.get(reference).length, name);
            alive.merge(reference.file(), reference.recordBytes(), Long::sum);
          }
        }
      } finally {
        reader.release();
      }
    }
    for (BlobReader reader : readers.values()) {
      reader.release();
    }
    TreeSet<String> known = new TreeSet<>();
    for (BlobFile blob : version.blobs()) {
      assertEquals(alive.get(blob.number()), blob.liveBytes(), name + ": " + blob);
      assertTrue(blob.liveBytes() > 0, name + ": " + blob);
      known.add(StoreFileName.blob(keyspace, blob.number()));
    }
    TreeSet<String> found = new TreeSet<>(names(fs, StoreFileName.Blob.class));
    found.removeIf(file -> !file.startsWith("ks-" + keyspace + "-"));
    assertEquals(known, found, name);
    return version;
  }
}
