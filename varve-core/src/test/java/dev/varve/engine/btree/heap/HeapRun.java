package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A heap, and beside it what must be in it.
final class HeapRun implements AutoCloseable {
  static final Path DIRECTORY = Path.of("/memory/store");
  static final StoreId STORE = new StoreId(0x1234, 0x5678);
  static final int KEYSPACE = 3;

  static final HeapOptions TINY =
      HeapOptions.DEFAULTS
          .withSlabBytes(4 << 10)
          .withMapBytesMin(1 << 10)
          .withMoveBytesMin(4 << 10)
          .withBufferBytesMax(8 << 10);

  /** An object, and what it must hold. */
  static final class Entry {
    final byte[] payload;
    StoredObject object;

    Entry(byte[] payload, StoredObject object) {
      this.payload = payload;
      this.object = object;
      object.own(this::moved);
    }

    private void moved(StoredObject from, StoredObject to) {
      assertSame(object, from, "an object that was moved is the one that was known");
      object = to;
    }
  }

  /** Objects as somebody saw them, who can read them still. */
  private record View(List<StoredObject> objects, List<byte[]> payloads) {
    static View of(TreeMap<Integer, Entry> state) {
      return new View(
          state.values().stream().map(entry -> entry.object).toList(),
          state.values().stream().map(entry -> entry.payload).toList());
    }

    void require(Heap heap) throws IOException {
      for (int i = 0; i < objects.size(); i++) {
        assertArrayEquals(payloads.get(i), heap.read(objects.get(i)), "an object of a view");
      }
    }
  }

  private record Held(HeapPin pin, View view) {}

  private record Inside(int token, View view) {}

  final HeapEnvironment environment;
  final MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);
  private final HeapOptions options;
  Heap heap;

  /** By the number of the name. */
  private TreeMap<Integer, Entry> state = new TreeMap<>();

  private @Nullable HeapBatch batch;
  private TreeMap<Integer, Entry> pending = new TreeMap<>();
  private final Set<Integer> touched = new HashSet<>();
  private final ArrayDeque<Held> pins = new ArrayDeque<>();
  private final ArrayDeque<Inside> readers = new ArrayDeque<>();
  private int draws;
  private long earlierMoves;
  private long earlierReplacements;

  /** What was committed, one state for each batch, from none. */
  final List<Map<Integer, byte[]>> history = new ArrayList<>(List.of(Map.of()));

  /** What the commit that is under way leads to. */
  private @Nullable Map<Integer, byte[]> underWay;

  private Map<Integer, byte[]> lastTried = Map.of();

  /** What the catalog knows. */
  byte[] noted = new byte[0];

  HeapRun(FileSystem fileSystem, HeapOptions options) throws IOException {
    this(fileSystem, options, new byte[0]);
  }

  /// Goes on with what is on the device.
  HeapRun(FileSystem fileSystem, HeapOptions options, byte[] noted) throws IOException {
    if (!fileSystem.exists(DIRECTORY)) {
      fileSystem.createDirectories(DIRECTORY);
    }
    this.options = options;
    this.noted = noted;
    this.environment = environment(fileSystem, budget);
    this.heap = Heap.open(environment, options, noted);
  }

  static HeapEnvironment environment(FileSystem fileSystem, MemoryBudget budget) {
    return new HeapEnvironment(
        fileSystem, DIRECTORY, STORE, KEYSPACE, Clock.SYSTEM, new ReaderEpochs(2), budget);
  }

  static ObjectKind kind(int name) {
    return name % 7 == 6 ? ObjectKind.VALUE : ObjectKind.LEAF;
  }

  static byte[] name(int name) {
    if (kind(name) == ObjectKind.VALUE) {
      byte[] id = new byte[8];
      id[7] = (byte) name;
      return id;
    }
    int length =
        switch (name % 10) {
          case 3 -> 200;
          case 5 -> name == 5 ? 5000 : 40;
          default -> 0;
        };
    return name == 0
        ? new byte[0]
        : ("leaf " + name + "x".repeat(length)).getBytes(StandardCharsets.US_ASCII);
  }

  private HeapBatch batch() {
    HeapBatch now = batch;
    if (now == null) {
      now = heap.begin();
      batch = now;
      pending = new TreeMap<>(state);
      touched.clear();
    }
    return now;
  }

  void run(List<HeapStep> script) throws IOException {
    for (HeapStep step : script) {
      run(step);
    }
  }

  void run(HeapStep step) throws IOException {
    switch (step) {
      case HeapStep.Put(int name, int bytes) -> put(name, bytes);
      case HeapStep.Delete(int name) -> delete(name);
      case HeapStep.Commit(boolean defragments) -> commit(defragments);
      case HeapStep.GiveUp _ -> giveUp();
      case HeapStep.Pin _ -> pins.add(new Held(heap.pin(), View.of(state)));
      case HeapStep.Unpin _ -> unpin();
      case HeapStep.Enter _ ->
          readers.add(new Inside(environment.epochs().enter(), View.of(state)));
      case HeapStep.Exit _ -> exit();
      case HeapStep.Reopen _ -> reopen();
      case HeapStep.Note _ -> noted = heap.state();
    }
  }

  byte[] payload(int bytes) {
    byte[] payload = new byte[bytes];
    new SplittableRandom(++draws).nextBytes(payload);
    return payload;
  }

  void put(int name, int bytes) throws IOException {
    HeapBatch now = batch();
    if (!touched.add(name)) {
      return;
    }
    byte[] payload = payload(bytes);
    byte[] wider = new byte[bytes + 10];
    System.arraycopy(payload, 0, wider, 3, bytes);
    StoredObject object = now.store(kind(name), name(name), wider, 3, bytes);
    Entry before = pending.get(name);
    if (before != null) {
      now.free(before.object);
    }
    pending.put(name, new Entry(payload, object));
  }

  void delete(int name) {
    HeapBatch now = batch();
    Entry before = pending.get(name);
    if (before != null && touched.add(name)) {
      now.free(before.object);
      pending.remove(name);
    }
  }

  static byte[] note(long commit) {
    return ("commit " + commit).getBytes(StandardCharsets.US_ASCII);
  }

  void commit(boolean defragments) throws IOException {
    try (HeapBatch now = batch()) {
      batch = null;
      if (defragments) {
        now.defragment();
      }
      underWay = content(pending);
      lastTried = underWay;
      now.commit(history.size(), note(history.size()));
      state = pending;
      history.add(content(state));
    } finally {
      underWay = null;
    }
  }

  /// What may be found, by the number of the commit.
  List<Map<Integer, byte[]>> possible() {
    List<Map<Integer, byte[]>> possible = new ArrayList<>(history);
    if (underWay != null) {
      possible.add(underWay);
    }
    return possible;
  }

  /// What the last commit that was tried leads to.
  Map<Integer, byte[]> lastTried() {
    return lastTried;
  }

  private static Map<Integer, byte[]> content(Map<Integer, Entry> of) {
    Map<Integer, byte[]> content = new TreeMap<>();
    of.forEach((name, entry) -> content.put(name, entry.payload));
    return content;
  }

  void giveUp() {
    HeapBatch now = batch;
    if (now != null) {
      batch = null;
      now.close();
    }
  }

  private void unpin() throws IOException {
    Held held = pins.poll();
    if (held != null) {
      try (HeapPin _ = held.pin) {
        held.view.require(heap);
      }
    }
  }

  private void exit() throws IOException {
    Inside reader = readers.poll();
    if (reader != null) {
      try {
        reader.view.require(heap);
      } finally {
        environment.epochs().exit(reader.token);
      }
    }
  }

  /// Lets everybody go who reads.
  void settle() throws IOException {
    giveUp();
    while (!pins.isEmpty()) {
      unpin();
    }
    while (!readers.isEmpty()) {
      exit();
    }
  }

  /// Closes and opens again.
  void reopen() throws IOException {
    settle();
    earlierMoves = moves();
    earlierReplacements = replacements();
    heap.close();
    assertEquals(0, budget.used(), "memory of a heap that is closed");
    heap = Heap.open(environment, options, noted);
    if (noted.length == 0) {
      history.clear();
      history.add(Map.of());
      state = new TreeMap<>();
    }
    attach();
  }

  /** Takes the objects of a heap that was opened as those that are known. */
  private void attach() throws IOException {
    TreeMap<Integer, Entry> found = new TreeMap<>();
    for (int name : state.keySet()) {
      StoredObject object = find(name);
      found.put(name, new Entry(state.get(name).payload, object));
    }
    state = found;
    requireAll();
  }

  private StoredObject find(int name) {
    byte[] wanted = name(name);
    for (StoredObject object : heap.objects(kind(name))) {
      if (Arrays.equals(object.name(), wanted)) {
        return object;
      }
    }
    throw new AssertionError("no object of name " + name);
  }

  /// Takes what a heap has that was opened, which must be one of these states; answers which.
  int adopt(List<Map<Integer, byte[]>> states) throws IOException {
    int commit = (int) heap.cut();
    Map<Integer, byte[]> expected = states.get(commit);
    history.clear();
    history.addAll(states.subList(0, commit + 1));
    state = new TreeMap<>();
    for (Map.Entry<Integer, byte[]> entry : expected.entrySet()) {
      state.put(entry.getKey(), new Entry(entry.getValue(), find(entry.getKey())));
    }
    requireAll();
    return commit;
  }

  /// Objects that were moved, before reopening too.
  long moves() {
    return earlierMoves + heap.stats().objectsMoved();
  }

  /// Maps that were replaced, before reopening too.
  long replacements() {
    return earlierReplacements + heap.stats().mapsReplaced();
  }

  /// Compares everything.
  void requireAll() throws IOException {
    assertEquals(history.size() - 1, heap.cut());
    if (heap.cut() > 0) {
      assertArrayEquals(note(heap.cut()), heap.note());
    }
    int count = 0;
    for (ObjectKind kind : ObjectKind.values()) {
      byte[] before = null;
      for (StoredObject object : heap.objects(kind)) {
        count++;
        if (before != null) {
          byte[] earlier = before;
          assertEquals(-1, Integer.signum(Arrays.compareUnsigned(earlier, object.name())));
        }
        before = object.name();
      }
    }
    assertEquals(state.size(), count, "objects");
    for (Map.Entry<Integer, Entry> entry : state.entrySet()) {
      assertSame(find(entry.getKey()), entry.getValue().object);
      assertArrayEquals(
          entry.getValue().payload,
          heap.read(entry.getValue().object),
          () -> "name " + entry.getKey());
    }
    assertEquals(List.of(), heap.validate());
  }

  /// Verifies everything on the device.
  void requireSound() throws IOException {
    List<String> problems = new ArrayList<>();
    long bytes = heap.verify(problems::add);
    assertEquals(List.of(), problems);
    if (heap.cut() > 0) {
      assertEquals(true, bytes > SlabTable.HEAD_BYTES);
    }
  }

  Map<Integer, Entry> state() {
    return state;
  }

  @Override
  public void close() throws IOException {
    settle();
    heap.close();
    assertEquals(0, budget.used(), "memory of a heap that is closed");
  }
}
