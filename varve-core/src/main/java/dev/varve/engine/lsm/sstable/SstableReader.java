package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// An open sstable.
///
/// @threads safe
/// @lifetime until the last reference is released: [#open] hands out the first one, [#acquire]
///   others, a cursor has its own. Look-ups need one
public final class SstableReader {
  private static final VarHandle REFERENCES;

  static {
    try {
      REFERENCES =
          MethodHandles.lookup()
              .findVarHandle(SstableReader.class, "references", int.class)
              .withInvokeExactBehavior();
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final SstableEnvironment environment;
  private final SstableInfo info;
  private final BlockStore blocks;
  private final @Nullable SstableIndex index;
  private final @Nullable SstableFilter filter;
  private final RangeTombstones tombstones;
  private final long memoryBytes;

  /** The sequence number of all entries, or 0 where their stamps count. */
  private long ingestedAt;

  @SuppressWarnings("UnusedVariable") // by its handle
  private volatile int references = 1;

  private SstableReader(
      SstableEnvironment environment,
      SstableInfo info,
      BlockStore blocks,
      Parts parts,
      long ingestedAt) {
    this.environment = environment;
    this.info = info;
    this.blocks = blocks;
    this.index = parts.index;
    this.filter = parts.filter;
    this.tombstones = parts.tombstones;
    this.ingestedAt = ingestedAt;
    this.memoryBytes =
        (index == null ? 0 : index.memoryBytes() + blocks.numberData(index.blockCount()))
            + (filter == null ? 0 : filter.memoryBytes());
    environment.budget().keep(memoryBytes);
  }

  /** What is kept of an open file. */
  private record Parts(
      @Nullable SstableIndex index, @Nullable SstableFilter filter, RangeTombstones tombstones) {}

  /// Opens the file of this number, whatever its seed.
  ///
  /// @throws CorruptionException when it is damaged or belongs elsewhere
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static SstableReader open(
      SstableEnvironment environment, long number, SstableOptions options) throws IOException {
    return open(environment, number, 0, options);
  }

  /// Opens the file of this number, whatever its seed.
  ///
  /// @param ingestedAt the sequence number of all entries, which the file was written without; 0
  ///   where the entries' own count
  /// @throws CorruptionException when it is damaged or belongs elsewhere, or has entries that
  ///   cannot have one number
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static SstableReader open(
      SstableEnvironment environment, long number, long ingestedAt, SstableOptions options)
      throws IOException {
    Path path = environment.path(number);
    StoreFile file = environment.fileSystem().open(path, OpenMode.READ);
    @Nullable BlockStore blocks = null;
    try {
      long size = file.size();
      byte[] head = new byte[(int) Math.min(size, SstableFooter.DATA)];
      read(path, file, 0, head);
      Envelope envelope =
          Envelope.read(path, Arrays.copyOf(head, Math.min(head.length, Envelope.SIZE)))
              .require(path, FileKind.SSTABLE, environment.store(), environment.keyspace(), number);
      if (size < SstableFooter.DATA + SstableFooter.SIZE) {
        throw new CorruptionException(path, size, "a footer", "the end of the file");
      }
      byte[] tail = new byte[SstableFooter.SIZE];
      read(path, file, size - SstableFooter.SIZE, tail);
      int checksum = Envelope.checksumOf(head);
      SstableFooter footer = SstableFooter.read(path, tail, checksum, size);
      if (Bytes.getLong(head, SstableFooter.FRONT_SEED) != footer.seed()) {
        throw new CorruptionException(
            path, SstableFooter.FRONT_SEED, "the seed of the footer", "another");
      }
      BlockSource source =
          new BlockSource(path, file, new BlockSeal(footer.seed(), checksum), size);
      blocks = new BlockStore(source, environment.cache());
      SstableProperties properties = readProperties(source, footer);
      if (ingestedAt != 0) {
        requireIngestible(source, properties, footer.properties());
      }
      ResidentLimit limit = new ResidentLimit(options.residentBytes(), environment.budget());
      Parts parts =
          new Parts(
              SstableIndex.load(blocks, footer, limit),
              SstableFilter.load(blocks, footer, properties, limit),
              readTombstones(source, footer, properties));
      SstableInfo info =
          new SstableInfo(
              envelope.number(), size, footer.seed(), envelope.createdMillis(), properties);
      return new SstableReader(environment, info, blocks, parts, ingestedAt);
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// Opens a file that is known: another one, or another edition, under its name is not taken for
  /// it.
  ///
  /// @throws CorruptionException when it is damaged, belongs elsewhere or is not the known one
  /// @throws FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses or there is no such file
  public static SstableReader open(
      SstableEnvironment environment, SstableInfo known, SstableOptions options)
      throws IOException {
    SstableReader reader = open(environment, known.number(), options);
    SstableInfo found = reader.info;
    if (found.seed() != known.seed() || found.size() != known.size()) {
      reader.release();
      throw new CorruptionException(
          environment.path(known.number()),
          found.size() - SstableFooter.SIZE,
          "the file of " + known.size() + " bytes with seed " + Long.toHexString(known.seed()),
          found.size() + " bytes with seed " + Long.toHexString(found.seed()));
    }
    return reader;
  }

  /// Has all entries have this sequence number. Once, before anybody reads; how the reader comes to
  /// others has to publish it.
  ///
  /// @throws CorruptionException when the entries cannot have one number
  public void ingestAt(long sequence) {
    requireIngestible(blocks.source(), info.properties(), info.size() - SstableFooter.SIZE);
    ingestedAt = sequence;
  }

  private static void requireIngestible(
      BlockSource source, SstableProperties properties, long offset) {
    if (properties.rangeTombstones() != 0 || properties.keys() != properties.entries()) {
      throw source.damaged(
          offset, "one entry a key, and no range tombstones", properties.toString());
    }
  }

  private static void read(Path path, StoreFile file, long offset, byte[] target)
      throws IOException {
    int done = file.read(offset, java.lang.foreign.MemorySegment.ofArray(target));
    if (done < target.length) {
      throw new CorruptionException(
          path, offset + done, target.length + " bytes from " + offset, "the end of the file");
    }
  }

  private static SstableProperties readProperties(BlockSource source, SstableFooter footer)
      throws IOException {
    long end = footer.fileSize() - SstableFooter.SIZE;
    byte[] block =
        source.load(BlockType.PROPERTIES, footer.properties(), end - footer.properties());
    SstableProperties properties = SstableProperties.decode(block, block.length - BlockSeal.BYTES);
    if (properties == null) {
      throw source.damaged(footer.properties(), "properties", "bytes that are none");
    }
    return properties;
  }

  private static RangeTombstones readTombstones(
      BlockSource source, SstableFooter footer, SstableProperties properties) throws IOException {
    long size = footer.leaves() - footer.tombstones();
    @Nullable RangeTombstones found = RangeTombstones.NONE;
    if (size > 0) {
      byte[] block = source.load(BlockType.RANGE_TOMBSTONES, footer.tombstones(), size);
      found = RangeTombstones.decode(block, block.length - BlockSeal.BYTES);
    }
    if (found == null || found.all().size() != properties.rangeTombstones()) {
      throw source.damaged(
          footer.tombstones(), properties.rangeTombstones() + " range tombstones", "others");
    }
    return found;
  }

  /// What is known of the file.
  public SstableInfo info() {
    return info;
  }

  /// Where the file is.
  public Path path() {
    return environment.path(info.number());
  }

  /// What its index and filter take in memory.
  public long memoryBytes() {
    return memoryBytes;
  }

  /// Its range tombstones.
  public RangeTombstones rangeTombstones() {
    return tombstones;
  }

  /// Takes one more reference; false when the last one was released already.
  public boolean acquire() {
    while (true) {
      int now = references;
      if (now == 0) {
        return false;
      }
      if (REFERENCES.compareAndSet(this, now, now + 1)) {
        return true;
      }
    }
  }

  /// Gives back a reference; with the last one the file is closed.
  ///
  /// @throws IOException when the operating system refuses to close it
  public void release() throws IOException {
    int before = (int) REFERENCES.getAndAdd(this, -1);
    if (before <= 0) {
      throw new IllegalStateException("released more often than acquired");
    }
    if (before == 1) {
      environment.budget().keep(-memoryBytes);
      blocks.close();
    }
  }

  private void requireOpen() {
    if (references <= 0) {
      throw new IllegalStateException("the file is closed: " + environment.path(info.number()));
    }
  }

  /// Whether the file may have entries of this key: false means that it has none.
  ///
  /// @throws CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean mayContain(byte[] key) throws IOException {
    SstableFilter own = filter;
    return index != null && (own == null || own.mayContain(key, 0, key.length));
  }

  /// Finds the newest entry of a key whose sequence number is not above `sequence`. Range
  /// tombstones are another matter: see [RangeTombstones#covering].
  ///
  /// Allocates nothing when the block is in the cache.
  ///
  /// @return whether there is one; it is then in `lookup`
  /// @throws CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean get(byte[] key, long sequence, SstableLookup lookup) throws IOException {
    requireOpen();
    SstableIndex own = index;
    ReadCounts counts = lookup.counts();
    counts.add(ReadCounts.FILES);
    if (own == null || !mayContain(key)) {
      counts.add(ReadCounts.FILTER_USEFUL);
      return false;
    }
    if (find(own, key, sequence, lookup)) {
      return true;
    }
    if (filter != null) {
      counts.add(ReadCounts.FILTER_FALSE);
    }
    return false;
  }

  private boolean find(SstableIndex own, byte[] key, long sequence, SstableLookup lookup)
      throws IOException {
    long stamp = Stamp.visibleAt(inFile(sequence));
    SstableIndex.Position position = lookup.position;
    EntryBlock block = lookup.block;
    own.seek(position, key, 0, key.length, stamp);
    open(position, lookup);
    int found = block.find(key, 0, key.length, stamp);
    if (found == block.count()) {
      // Only entries of a key that goes on in the next block can stand there.
      if (!own.next(position) || !position.continues()) {
        return false;
      }
      open(position, lookup);
      found = 0;
    }
    if (!block.hasKey(found, key, 0, key.length)) {
      return false;
    }
    lookup.found(found, ingestedAt);
    return true;
  }

  /// What `sequence` is among the numbers that the file was written with: all entries lie on one
  /// side of it where they have one number.
  long inFile(long sequence) {
    if (ingestedAt == 0) {
      return sequence;
    }
    return sequence >= ingestedAt ? Stamp.SEQUENCE_MAX : 0;
  }

  /// The same where it bounds entries from behind: those with this very number count.
  long behindInFile(long sequence) {
    if (ingestedAt == 0) {
      return sequence;
    }
    return sequence <= ingestedAt ? 0 : Stamp.SEQUENCE_MAX;
  }

  /// The stamp of an entry that was written with this one.
  long stampOf(long inFile) {
    return ingestedAt == 0 ? inFile : Stamp.of(ingestedAt, Stamp.kind(inFile));
  }

  private void open(SstableIndex.Position position, SstableLookup lookup) throws IOException {
    byte[] bytes = blocks.data(position, true);
    lookup.counts().add(ReadCounts.BLOCKS);
    lookup.block.openToSearch(bytes, 0, bytes.length - BlockSeal.BYTES);
  }

  /// A cursor for reads: what it loads near a seek is put into the cache.
  ///
  /// @throws IllegalStateException when the file is closed
  public SstableCursor cursor() {
    return cursor(true);
  }

  /// A cursor for jobs that read the file once, from end to end: it reads ahead at once and puts
  /// nothing into the cache.
  ///
  /// @throws IllegalStateException when the file is closed
  public SstableCursor scanCursor() {
    return cursor(false);
  }

  /** Gives a cursor a reference. */
  void lend(SstableCursor cursor) {
    if (!acquire()) {
      requireOpen();
    }
    cursor.enter(this, blocks, index);
  }

  private SstableCursor cursor(boolean keep) {
    if (!acquire()) {
      requireOpen();
    }
    return new SstableCursor(this, blocks, index, keep, environment);
  }

  /// Reads the whole file and checks everything in it: each block, the order of the entries, that
  /// the filter knows each key, that the index leads to each block by its first and by its last
  /// entry, and that the properties are those of the entries.
  ///
  /// @throws CorruptionException when something is damaged
  /// @throws IOException when the device refuses
  public void verify() throws IOException {
    SstableTally tally = new SstableTally();
    SstableProperties properties = info.properties();
    long blockOffset = 0;
    try (SstableCursor cursor = scanCursor()) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        if (cursor.blockOffset() != blockOffset) {
          checkIndex(tally, blockOffset);
          tally.addBlock(cursor.blockBytes());
          blockOffset = cursor.blockOffset();
          checkIndex(cursor.key(), cursor.stamp(), blockOffset);
        }
        int order = tally.compareLast(cursor.keyArray(), 0, cursor.keyLength());
        if (order > 0
            || (order == 0 && cursor.sequence() >= Stamp.sequence(tally.lastStamp()))
            || !Stamp.isSound(cursor.stamp())) {
          throw blocks
              .source()
              .damaged(cursor.blockOffset(), "entries in order", "one that is out of order");
        }
        if (!mayContain(cursor.key())) {
          throw blocks
              .source()
              .damaged(info.size() - SstableFooter.SIZE, "a filter of all keys", "one key missing");
        }
        tally.add(cursor);
      }
    }
    checkIndex(tally, blockOffset);
    for (RangeTombstone tombstone : tombstones.all()) {
      tally.add(tombstone);
    }
    SstableProperties found = tally.properties(properties.filterLines(), properties.filterProbes());
    if (!found.equals(properties)) {
      throw blocks
          .source()
          .damaged(info.size() - SstableFooter.SIZE, properties.toString(), found.toString());
    }
  }

  /** Checks that the index leads to the last entry that was counted, in the block at `offset`. */
  private void checkIndex(SstableTally tally, long offset) throws IOException {
    if (tally.entries() > 0) {
      checkIndex(tally.lastKey(), tally.lastStamp(), offset);
    }
  }

  private void checkIndex(byte[] key, long stamp, long offset) throws IOException {
    SstableIndex own = index;
    if (own == null) {
      return;
    }
    SstableIndex.Position position = new SstableIndex.Position();
    own.seek(position, key, 0, key.length, stamp);
    if (position.offset() != offset) {
      throw blocks
          .source()
          .damaged(
              info.size() - SstableFooter.SIZE,
              "an index that leads to the block at byte " + offset,
              "one that leads to byte " + position.offset());
    }
  }
}
