package dev.varve.engine.btree.heap;

import dev.varve.base.InvariantError;
import dev.varve.engine.btree.heap.HeapObjects.Changes;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.StoreFileName;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The objects of one keyspace on the device.
///
/// Changes are made in batches ([#begin]), each durable as a whole when it is committed. Objects
/// are never changed in place: a new version takes a free slot, and the old one's slot is free when
/// the batch is durable and nobody can still read it.
///
/// @threads safe; batches: one at a time
/// @lifetime until [#close]
public final class Heap implements AutoCloseable {
  /* What a crash finds. A batch writes into slots that no object of the durable map has, syncs the
   * heap file, and then appends one edit to the map. Before that edit is durable the old objects are
   * whole; once it is, the new ones are.
   *
   * When a slot may be written again. The batch that freed it is durable; the batch behind it has
   * begun, by when no reader finds the object any more; the reader epoch is two further than it was
   * then, so whoever had found it has left; and no pin is older than the batch.
   *
   * Locks: `committing`, for as long as a batch is made durable or the map is read; then the one of
   * HeapObjects, for moments. Reads take none. */

  /** Below this share of the memory a batch gathers less, down to a few slots. */
  private static final int BUFFER_SHARE = 128;

  private static final int BUFFER_BYTES_MIN = 16 << 10;

  /** There is one heap file for each keyspace so far. */
  static final long NUMBER = 1;

  private final HeapEnvironment environment;
  private final HeapOptions options;
  private final HeapMemory memory;
  private final ReplacedMaps replaced;
  private final HeapObjects objects;
  private final SlotHeader.Place place;
  private final ReadBuffers buffers;
  private final SlotReader reader;
  private final HeapCounters counters = new HeapCounters();

  /** Held while something is made durable. */
  private final ReentrantLock committing = new ReentrantLock();

  private final HeapMap map;
  private final HeapFile file;
  private final long number;

  private @Nullable HeapBatch open;

  /** Why no batch is taken any more. */
  private volatile @Nullable IOException failure;

  private Heap(
      HeapEnvironment environment,
      HeapOptions options,
      HeapMemory memory,
      ReplacedMaps replaced,
      HeapObjects objects,
      HeapMap map,
      HeapFile file,
      long number) {
    this.environment = environment;
    this.options = options;
    this.memory = memory;
    this.replaced = replaced;
    this.objects = objects;
    this.map = map;
    this.file = file;
    this.number = number;
    this.place = SlotHeader.Place.of(environment.store(), environment.keyspace(), number);
    this.buffers = new ReadBuffers(environment.budget());
    this.reader = new SlotReader(file, place, objects.classes(), buffers);
  }

  /// A heap without objects. Nothing is on the device before the first batch is; what a crash left
  /// of an earlier attempt goes then.
  public static Heap create(HeapEnvironment environment, HeapOptions options) {
    HeapMemory memory = new HeapMemory(environment.budget());
    ReplacedMaps replaced = new ReplacedMaps(environment);
    SlabTable table = new SlabTable(new SizeClasses(options.slabBytes()), memory);
    HeapObjects none =
        new HeapObjects(environment.store(), memory, table, new StoredObject[0], Committed.NOTHING);
    return new Heap(
        environment,
        options,
        memory,
        replaced,
        none,
        HeapMap.absent(environment, options, replaced),
        HeapFile.absent(environment, NUMBER),
        NUMBER);
  }

  /// The heap of a state. Writes nothing.
  ///
  /// @throws CorruptionException when a file is damaged, missing or another's
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote one
  /// @throws IOException when the device refuses
  public static Heap open(HeapEnvironment environment, HeapOptions options, byte[] state)
      throws IOException {
    if (state.length == 0) {
      return create(environment, options);
    }
    HeapMemory memory = new HeapMemory(environment.budget());
    try {
      return open(environment, options, memory, pointer(environment, state));
    } catch (Throwable failure) {
      memory.release();
      throw failure;
    }
  }

  private static Pointer pointer(HeapEnvironment environment, byte[] state) {
    Pointer pointer = Pointer.decode(state);
    if (pointer == null) {
      throw new CorruptionException(
          environment.directory().resolve(StoreFileName.CATALOG),
          0,
          "where the map of keyspace " + environment.keyspace() + " is",
          state.length + " bytes");
    }
    return pointer;
  }

  private static Heap open(
      HeapEnvironment environment, HeapOptions options, HeapMemory memory, Pointer pointer)
      throws IOException {
    ReplacedMaps replaced = new ReplacedMaps(environment);
    long mapNumber = HeapMap.highest(environment, pointer.number());
    HeapFile file = HeapFile.open(environment, NUMBER);
    try {
      MapReading reading =
          new MapReading(HeapMap.path(environment, mapNumber), file.size(), memory);
      HeapMap map = HeapMap.read(environment, options, replaced, mapNumber, pointer, reading);
      StoredObject[] all = reading.objects();
      file.check(environment, NUMBER, reading.table().classes().slabBytes());
      if (reading.firstOutside() > 0) {
        throw new CorruptionException(
            file.path(), file.size(), "a slot at " + reading.firstOutside(), "the file's end");
      }
      Committed committed =
          new Committed(
              reading.generation(),
              reading.cut(),
              reading.note(),
              map.pointer(),
              map.bytes(),
              file.size());
      HeapObjects objects =
          new HeapObjects(environment.store(), memory, reading.table(), all, committed);
      return new Heap(environment, options, memory, replaced, objects, map, file, NUMBER);
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// The live objects of a kind, sorted by name as unsigned bytes.
  public List<StoredObject> objects(ObjectKind kind) {
    List<StoredObject> found = new ArrayList<>();
    for (StoredObject object : objects.sorted()) {
      if (object.kind() == kind) {
        found.add(object);
      }
    }
    return found;
  }

  /// The objects hold everything up to this sequence number; 0 before the first batch.
  public long cut() {
    return objects.committed().cut();
  }

  /// The note of the last batch; empty before the first.
  public byte[] note() {
    return objects.committed().note().clone();
  }

  /// Reads an object: its payload, the caller's own. Whoever calls entered a reader epoch before he
  /// looked the object up, or has a pin that is older than its end, or is the one who makes
  /// batches.
  ///
  /// @throws CorruptionException when it is damaged; only this object is concerned
  /// @throws IOException when the device refuses
  public byte[] read(StoredObject object) throws IOException {
    return reader.read(object);
  }

  /// What to throw when an object that was read soundly makes no sense to its user.
  ///
  /// @param expected what it should be
  /// @param found what it is
  public CorruptionException corrupt(StoredObject object, String expected, String found) {
    return new CorruptionException(file.path(), object.offset(0), expected, found);
  }

  /// Begins a batch. What the batch before freed must be out of readers' reach by now: whoever
  /// enters a reader epoch from now on does not find it.
  ///
  /// @throws InvariantError when another batch is open
  public HeapBatch begin() {
    if (open != null) {
      throw new InvariantError("a batch begins while another is open");
    }
    HeapBatch batch = new HeapBatch(this, objects, objects.begin(environment.epochs()));
    open = batch;
    return batch;
  }

  void ended() {
    open = null;
  }

  HeapOptions options() {
    return options;
  }

  SlotReader reader() {
    return reader;
  }

  SlotWriter newWriter() {
    long share = environment.budget().bytesMax() / BUFFER_SHARE;
    long bufferBytes = Math.min(options.bufferBytesMax(), Math.max(BUFFER_BYTES_MIN, share));
    return new SlotWriter(
        file, place, objects.classes(), environment.budget(), (int) bufferBytes, this::prepare);
  }

  /// Fails for good: it is unknown what the device has.
  void fail(IOException cause) {
    if (failure == null && !(cause instanceof NoSpaceException)) {
      failure = cause;
    }
  }

  /// @throws IOException when the heap has failed
  void requireSound() throws IOException {
    IOException cause = failure;
    if (cause != null) {
      FileSystemException again =
          new FileSystemException(
              file.path().toString(), null, "it failed before, and takes no batch any more");
      again.initCause(cause);
      throw again;
    }
  }

  /** Before the first byte is written: what was found is durable, and there is a file. */
  private void prepare() throws IOException {
    committing.lock();
    try {
      requireSound();
      map.settle();
      if (!file.exists()) {
        file.create(environment, number, objects.classes().slabBytes());
      }
    } finally {
      committing.unlock();
    }
  }

  /// Makes changes durable, whose slots are written.
  ///
  /// @throws IOException when the device refuses
  void commit(Changes changes, MapEdit edit, long bytesWritten, long bytesMoved)
      throws IOException {
    committing.lock();
    try {
      prepare();
      file.truncate(objects.trim());
      file.sync();
      makeDurable(changes, edit);
      counters.add(bytesWritten, changes.moved.size(), bytesMoved, map);
      replaced.delete(objects::isMapPinned);
    } finally {
      committing.unlock();
    }
  }

  /** From the first byte of the edit on it is durable, void, or nobody knows. */
  private void makeDurable(Changes changes, MapEdit edit) throws IOException {
    boolean known = false;
    try {
      int slabBytes = objects.classes().slabBytes();
      map.commit(edit, number, slabBytes, () -> objects.sortedWith(changes));
      objects.apply(changes, committed(edit.generation(), edit.cut(), edit.note()));
      known = true;
    } catch (NoSpaceException e) {
      known = true;
      throw e;
    } finally {
      if (!known) {
        fail(new FileSystemException(file.path().toString(), null, "a batch was not finished"));
      }
    }
  }

  private Committed committed(long batch, long cut, byte[] note) {
    return new Committed(batch, cut, note, map.pointer(), map.bytes(), file.size());
  }

  /// Keeps all objects of this moment readable.
  public HeapPin pin() {
    return objects.pin(this::unpin);
  }

  private void unpin(HeapPin pin) {
    objects.unpin(pin);
    replaced.delete(objects::isMapPinned);
  }

  /// What a catalog keeps to find the heap again; empty before the first batch. All of it is
  /// durable when the call returns.
  ///
  /// @throws NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; the heap takes no batch any more
  public byte[] state() throws IOException {
    committing.lock();
    try {
      requireSound();
      if (!map.exists()) {
        return new byte[0];
      }
      try {
        map.settle();
      } catch (IOException e) {
        fail(e);
        throw e;
      }
      replaced.delete(objects::isMapPinned);
      return map.pointer().encode();
    } finally {
      committing.unlock();
    }
  }

  /// The names of the files that there are now, where a state names some.
  public Set<String> files(byte[] state) {
    Committed now = objects.committed();
    Set<String> names = replaced.names();
    Pointer pointer = now.map();
    if (pointer != null) {
      names.add(StoreFileName.heap(environment.keyspace(), number));
      names.add(StoreFileName.heapMap(environment.keyspace(), pointer.number()));
    }
    return names;
  }

  /// Reads everything that the map names, and the map, and reports each problem. Answers how many
  /// bytes were read.
  ///
  /// @throws IOException when the device refuses
  public long verify(Consumer<String> problems) throws IOException {
    HeapVerifier verifier = new HeapVerifier(environment, number, objects, reader, problems);
    try (HeapPin _ = pin()) {
      StoredObject[] live;
      committing.lock();
      try {
        live = objects.sorted();
        verifier.verifyMap(live);
      } finally {
        committing.unlock();
      }
      return verifier.verifyObjects(live);
    }
  }

  /// Checks the structures in memory; answers what is wrong, one sentence each.
  public List<String> validate() {
    return objects.validate();
  }

  /// Figures of this moment.
  public HeapStats stats() {
    return objects.stats(counters.totals(), objects.committed().heapBytes());
  }

  /// Closes the files and gives the memory back.
  @Override
  public void close() {
    try (map;
        file) {
      buffers.close();
    } catch (IOException _) {
      // All that counts is durable.
    } finally {
      memory.release();
    }
  }
}
