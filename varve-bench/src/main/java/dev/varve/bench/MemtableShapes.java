package dev.varve.bench;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;

/// Measures the memtable beside other shapes: inserts and gets of random keys, in turns in one
/// process, medians. `docs/decisions/0006-memtable.md` has figures and the command.
public final class MemtableShapes {
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 100;

  /** Ints between two steps of a chase, which spreads over as much memory as the entries. */
  private static final int CHASE_STRIDE = 32;

  /// A map under measurement. It is given encoded puts and asked for keys.
  interface Shape {
    /// Its name in the table.
    String name();

    /// Forgets everything.
    void clear();

    /// Applies a put.
    void put(long sequence, MutationReader put);

    /// The length of a key's value, or -1.
    int get(byte[] key);

    /// What it takes in memory by its own account, or 0.
    long memoryBytes();
  }

  private final int entries;
  private final byte[] puts;
  private final int putBytes;
  private final byte[] wanted;
  private final int[] chase;

  private MemtableShapes(int entries) {
    this.entries = entries;
    SplittableRandom random = new SplittableRandom(1);
    MutationWriter one = new MutationWriter(256);
    one.put(1, new byte[KEY_BYTES], new byte[VALUE_BYTES]);
    putBytes = one.byteSize();
    puts = new byte[Math.multiplyExact(putBytes, entries)];
    for (int i = 0; i < entries; i++) {
      byte[] key = new byte[KEY_BYTES];
      random.nextBytes(key);
      one.clear();
      one.put(1, key, new byte[VALUE_BYTES]);
      System.arraycopy(one.array(), MutationWriter.HEADROOM_BYTES, puts, i * putBytes, putBytes);
    }
    int[] order = permutation(random);
    wanted = new byte[KEY_BYTES * entries];
    int keyAt = putBytes - VALUE_BYTES - KEY_BYTES;
    for (int i = 0; i < entries; i++) {
      System.arraycopy(puts, order[i] * putBytes + keyAt, wanted, i * KEY_BYTES, KEY_BYTES);
    }
    chase = new int[CHASE_STRIDE * entries];
    for (int i = 0; i < entries; i++) {
      chase[order[i] * CHASE_STRIDE] = order[(i + 1) % entries] * CHASE_STRIDE;
    }
  }

  private int[] permutation(SplittableRandom random) {
    int[] order = new int[entries];
    for (int i = 0; i < entries; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /// Arguments: entries, rounds.
  public static void main(String[] arguments) {
    int entries = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
    Shape[] shapes = {new VarveMemtable(), new SortedLeaves(), new SkipList()};
    new MemtableShapes(entries).run(rounds, shapes);
  }

  private void run(int rounds, Shape[] shapes) {
    double[][] insert = new double[shapes.length][rounds];
    double[][] get = new double[shapes.length][rounds];
    double[] bytes = new double[shapes.length];
    for (int round = -1; round < rounds; round++) {
      System.out.printf(Locale.ROOT, "one miss %3.0f ns%n", miss());
      for (int s = 0; s < shapes.length; s++) {
        System.gc();
        long heapBefore = heapBytes();
        double insertNanos = insert(shapes[s]);
        System.gc();
        bytes[s] = (double) (heapBytes() - heapBefore) / entries;
        double own = (double) shapes[s].memoryBytes() / entries;
        double getNanos = get(shapes[s]);
        shapes[s].clear();
        if (round >= 0) {
          insert[s][round] = insertNanos;
          get[s][round] = getNanos;
        }
        System.out.printf(
            Locale.ROOT,
            "%-28s insert %5.0f ns  get %5.0f ns  heap %6.1f B  own account %6.1f B%n",
            shapes[s].name(),
            insertNanos,
            getNanos,
            bytes[s],
            own);
      }
    }
    System.out.println("medians");
    for (int s = 0; s < shapes.length; s++) {
      Arrays.sort(insert[s]);
      Arrays.sort(get[s]);
      System.out.printf(
          Locale.ROOT,
          "%-28s insert %5.0f ns  get %5.0f ns  heap %6.1f B%n",
          shapes[s].name(),
          insert[s][rounds / 2],
          get[s][rounds / 2],
          bytes[s]);
    }
  }

  /** Of this thread, so that other processes count only by what they do to the caches. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long heapBytes() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** What a load costs here and now whose address depends on the one before. */
  private double miss() {
    int at = 0;
    long begin = cpuNanos();
    for (int i = 0; i < entries; i++) {
      at = chase[at];
    }
    long nanos = cpuNanos() - begin;
    if (at != 0) {
      throw new IllegalStateException("the chase is no cycle");
    }
    return (double) nanos / entries;
  }

  private double insert(Shape shape) {
    MutationReader reader = new MutationReader();
    long begin = cpuNanos();
    for (int i = 0; i < entries; i++) {
      reader.reset(puts, i * putBytes, (i + 1) * putBytes);
      reader.next();
      shape.put(i + 1L, reader);
    }
    return (double) (cpuNanos() - begin) / entries;
  }

  private double get(Shape shape) {
    byte[] key = new byte[KEY_BYTES];
    long found = 0;
    long begin = cpuNanos();
    for (int i = 0; i < entries; i++) {
      System.arraycopy(wanted, i * KEY_BYTES, key, 0, KEY_BYTES);
      found += shape.get(key);
    }
    long nanos = cpuNanos() - begin;
    if (found != (long) entries * VALUE_BYTES) {
      throw new IllegalStateException(shape.name() + " lost entries");
    }
    return (double) nanos / entries;
  }

  /** The memtable as it is. */
  private static final class VarveMemtable implements Shape {
    private Memtable memtable = new Memtable(1, new MemoryBudget(Long.MAX_VALUE));

    @Override
    public String name() {
      return "Memtable";
    }

    @Override
    public void clear() {
      memtable = new Memtable(1, new MemoryBudget(Long.MAX_VALUE));
    }

    @Override
    public void put(long sequence, MutationReader put) {
      memtable.apply(sequence, put);
    }

    @Override
    public int get(byte[] key) {
      int entry = memtable.find(key, Long.MAX_VALUE);
      return entry == 0 ? -1 : memtable.valueLength(entry);
    }

    @Override
    public long memoryBytes() {
      return memtable.memoryBytes();
    }
  }

  /** The JDK's map, with keys and values as arrays. */
  private static final class SkipList implements Shape {
    private final ConcurrentSkipListMap<byte[], byte[]> map =
        new ConcurrentSkipListMap<>(Bytes::compare);

    @Override
    public String name() {
      return "ConcurrentSkipListMap";
    }

    @Override
    public void clear() {
      map.clear();
    }

    @Override
    public void put(long sequence, MutationReader put) {
      map.put(put.key(), put.value());
    }

    @Override
    public int get(byte[] key) {
      byte[] value = map.get(key);
      return value == null ? -1 : value.length;
    }

    @Override
    public long memoryBytes() {
      return 0;
    }
  }
}
