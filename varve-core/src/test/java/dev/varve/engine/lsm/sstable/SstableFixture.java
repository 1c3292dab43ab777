package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// Sstables in memory, and models of what is in them.
final class SstableFixture {
  static final Path DIRECTORY = Path.of("/memory/store");
  static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);
  static final int KEYSPACE = 3;

  /// A key with a sequence number, as entries are ordered.
  record Revision(byte[] key, long sequence) {
    static final Comparator<Revision> ORDER =
        (a, b) -> {
          int order = Arrays.compareUnsigned(a.key, b.key);
          return order != 0 ? order : Long.compare(b.sequence, a.sequence);
        };
  }

  /// What stands there.
  record Content(int kind, byte[] value) {}

  final MemoryFileSystem memory;
  final FileSystem fs;
  final MemoryBudget budget = new MemoryBudget(64 << 20);
  final BlockCache cache;
  final SstableEnvironment environment;

  SstableFixture() {
    this(newMemory());
  }

  SstableFixture(MemoryFileSystem memory) {
    this(memory, memory, STORE, 1);
  }

  SstableFixture(MemoryFileSystem memory, FileSystem fs, StoreId store, long seed) {
    this.memory = memory;
    this.fs = fs;
    this.cache = new BlockCache(budget, 8 << 20);
    this.environment =
        new SstableEnvironment(
            fs, DIRECTORY, store, KEYSPACE, cache, budget, RandomSource.seeded(seed), clock());
  }

  static MemoryFileSystem newMemory() {
    MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
    try {
      memory.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return memory;
  }

  private static Clock clock() {
    return new Clock() {
      @Override
      public long nanos() {
        return 0;
      }

      @Override
      public long wallMillis() {
        return 0;
      }
    };
  }

  SstableInfo write(
      long number,
      SstableOptions options,
      NavigableMap<Revision, Content> entries,
      List<RangeTombstone> tombstones)
      throws IOException {
    try (SstableWriter writer = new SstableWriter(environment, number, options)) {
      for (var entry : entries.entrySet()) {
        Revision revision = entry.getKey();
        Content content = entry.getValue();
        writer.add(revision.key, revision.sequence, content.kind, content.value);
      }
      tombstones.forEach(writer::addRangeTombstone);
      return writer.finish();
    }
  }

  SstableReader open(long number, SstableOptions options) throws IOException {
    return SstableReader.open(environment, number, options);
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] number(long n) {
    byte[] key = new byte[8];
    Bytes.putLongBigEndian(key, 0, n);
    return key;
  }

  static NavigableMap<Revision, Content> newEntries() {
    return new TreeMap<>(Revision.ORDER);
  }

  /// Options from the extreme to the common.
  static SstableOptions options(SplittableRandom random) {
    return new SstableOptions(
        random.nextBoolean() ? 1 << random.nextInt(6, 13) : random.nextInt(64, 5000),
        random.nextBoolean() ? BlockCodecs.NONE : BlockCodecs.LZ4,
        List.of(0.01, 0.3, 1.0).get(random.nextInt(3)),
        random.nextBoolean() ? 0 : 1 << 20);
  }

  /// Entries whose keys are short or long, alike or not, with few or many revisions.
  static NavigableMap<Revision, Content> entries(SplittableRandom random, int count) {
    NavigableMap<Revision, Content> entries = newEntries();
    int shape = random.nextInt(5);
    int revisions = 1 << random.nextInt(8);
    boolean fixedValues = random.nextBoolean();
    long sequences = 1L << random.nextInt(4, 55);
    int tries = 0;
    while (entries.size() < count && tries++ < 20 * count) {
      byte[] key = key(random, shape, count);
      int more = random.nextInt(revisions) + 1;
      for (int i = 0; i < more && entries.size() < count; i++) {
        int kind = random.nextInt(8) == 0 ? Stamp.TOMBSTONE : random.nextInt(1, 3);
        byte[] value = new byte[fixedValues ? 12 : random.nextInt(60)];
        random.nextBytes(value);
        if (kind == Stamp.TOMBSTONE) {
          value = new byte[0];
        }
        entries.put(new Revision(key, random.nextLong(1, sequences)), new Content(kind, value));
      }
    }
    return entries;
  }

  static byte[] key(SplittableRandom random, int shape, int count) {
    return switch (shape) {
      case 0 -> {
        byte[] key = new byte[16];
        random.nextBytes(key);
        yield key;
      }
      case 1 -> ascii("user:" + random.nextInt(count + 1) + "/field" + random.nextInt(4));
      case 2 -> {
        byte[] key = new byte[random.nextInt(1, 4)];
        for (int i = 0; i < key.length; i++) {
          key[i] = (byte) -random.nextInt(3);
        }
        yield key;
      }
      case 3 -> number(random.nextInt(2 * count + 1));
      default -> {
        byte[] key = new byte[random.nextInt(1, 300)];
        Arrays.fill(key, (byte) 'k');
        key[key.length - 1] = (byte) random.nextInt(256);
        yield key;
      }
    };
  }

  static List<RangeTombstone> tombstones(SplittableRandom random, int count) {
    List<RangeTombstone> tombstones = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] from = number(random.nextInt(100));
      byte[] to = random.nextInt(9) == 0 ? null : number(random.nextInt(100));
      if (to == null || Bytes.compare(from, to) < 0) {
        tombstones.add(new RangeTombstone(from, to, random.nextInt(1, 100)));
      }
    }
    tombstones.sort(
        (a, b) -> {
          int order = Bytes.compare(a.from(), b.from());
          return order != 0 ? order : Long.compare(b.sequence(), a.sequence());
        });
    return Collections.unmodifiableList(tombstones);
  }
}
