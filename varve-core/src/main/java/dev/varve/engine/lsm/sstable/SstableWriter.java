package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.filter.FilterShape;
import dev.varve.filter.FilterWriter;
import dev.varve.filter.KeyHash;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.AtomicFile;
import dev.varve.kv.Limits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes an sstable, entry by entry in their order. The file has its name, durably, when [#finish]
/// returns; until then it stands under a temporary one.
///
/// @threads one at a time
/// @lifetime until [#finish], or [#close], which without it leaves no file. After an exception
///   nothing but [#close] may be called
public final class SstableWriter implements AutoCloseable {
  /** A block stays uncompressed unless compression saves one byte in this many. */
  private static final int SAVING_MIN = 8;

  /** A quarter more than is written out at once, for the block that comes on top. */
  private static final int OUT_SPARE = 4;

  static final int FILTER_PAGE_LINES = 64;

  private final SstableEnvironment environment;
  private final SstableOptions options;
  private final long number;
  private final long seed;
  private final long createdMillis;
  private final Path path;
  private final AtomicFile file;
  private final BlockCodec codec;
  private final BlockSeal seal;
  private final int envelopeChecksum;
  private final @Nullable FilterWriter filter;
  private final EntryBlockBuilder data = new EntryBlockBuilder();
  private final EntryBlockBuilder leaf = new EntryBlockBuilder();
  private final EntryBlockBuilder top = new EntryBlockBuilder();
  private final List<byte[]> leaves = new ArrayList<>();
  private final List<RangeTombstone> rangeTombstones = new ArrayList<>();
  private final SstableTally tally = new SstableTally();
  private final byte[] position = new byte[2 * Varints.SIZE_MAX];

  /** What was not written out yet; it stands at {@link #written} in the file. */
  private byte[] out;

  /** Written out when it holds this much. */
  private final int outBytes;

  private int outLength;
  private long written;

  /** What the budget was told that it uses. */
  private long memoryBytes;

  private byte[] plain = new byte[0];

  /** The separator before the block that is being gathered, and its stamp. */
  private byte[] separator = new byte[0];

  private long separatorStamp = Stamp.MAX;

  /** The separator of the first block of the leaf that is being gathered, and its stamp. */
  private byte[] leafSeparator = new byte[0];

  private long leafStamp = Stamp.MAX;
  private long leavesBytes;
  private boolean finished;

  /// Begins the file of this number.
  ///
  /// @throws IOException when it cannot be made
  public SstableWriter(SstableEnvironment environment, long number, SstableOptions options)
      throws IOException {
    this.environment = environment;
    this.number = number;
    this.options = options;
    this.codec = BlockCodecs.forWriting(options.codec());
    this.filter =
        options.falsePositives() < 1
            ? new FilterWriter(FilterShape.forRate(options.falsePositives()))
            : null;
    this.seed = environment.random().nextLong();
    this.outBytes = environment.bufferBytes();
    this.out = new byte[outBytes + outBytes / OUT_SPARE];
    this.createdMillis = environment.clock().wallMillis();
    this.path = environment.path(number);
    Envelope.of(
            FileKind.SSTABLE, environment.store(), environment.keyspace(), number, createdMillis)
        .write(out);
    Bytes.putLong(out, SstableFooter.FRONT_SEED, seed);
    this.outLength = SstableFooter.DATA;
    this.envelopeChecksum = Envelope.checksumOf(out);
    this.seal = new BlockSeal(seed, envelopeChecksum);
    this.file =
        AtomicFile.begin(
            environment.fileSystem(),
            path,
            path.resolveSibling(path.getFileName() + StoreFileName.TEMPORARY_SUFFIX));
    account(0);
  }

  /// Adds an entry.
  ///
  /// @param kind one of [Stamp]
  /// @throws IllegalArgumentException when it does not come behind the one before, or is no entry
  /// @throws IOException when the device refuses
  public void add(byte[] key, long sequence, int kind, byte[] value) throws IOException {
    add(key, 0, key.length, Stamp.of(sequence, kind), value, 0, value.length);
  }

  /// Adds an entry whose key and value are ranges of arrays.
  ///
  /// @throws IllegalArgumentException when it does not come behind the one before, or is no entry
  /// @throws IOException when the device refuses
  public void add(
      byte[] key,
      int keyOffset,
      int keyLength,
      long stamp,
      byte[] value,
      int valueOffset,
      int valueLength)
      throws IOException {
    if (keyLength < 1
        || keyLength > Limits.KEY_BYTES_MAX
        || valueLength > Limits.VALUE_BYTES_MAX
        || !Stamp.isSound(stamp)
        || (Stamp.kind(stamp) == Stamp.TOMBSTONE && valueLength != 0)) {
      throw new IllegalArgumentException(
          "no entry: a key of "
              + keyLength
              + " bytes, a value of "
              + valueLength
              + ", stamp "
              + stamp);
    }
    int order = tally.compareLast(key, keyOffset, keyLength);
    if (order > 0 || (order == 0 && stamp >>> 2 >= tally.lastStamp() >>> 2)) {
      throw new IllegalArgumentException("an entry out of order, stamp " + stamp);
    }
    if (data.count() > 0 && data.sizeWith(keyLength, stamp, valueLength) > options.blockBytes()) {
      finishDataBlock();
      beginDataBlock(key, keyOffset, keyLength, stamp, order == 0);
    }
    data.add(key, keyOffset, keyLength, stamp, value, valueOffset, valueLength);
    if (order != 0 && filter != null) {
      filter.add(KeyHash.of(seed, key, keyOffset, keyLength));
    }
    long hash =
        SstableTally.hash(key, keyOffset, keyLength, stamp, value, valueOffset, valueLength);
    tally.add(key, keyOffset, keyLength, stamp, valueLength, hash);
  }

  /// Adds a range tombstone, which may come before, between or behind the entries.
  ///
  /// @throws IllegalArgumentException when it does not come behind the one before, or is none
  public void addRangeTombstone(RangeTombstone tombstone) {
    byte[] to = tombstone.to();
    Limits.checkKey(tombstone.from());
    if (tombstone.sequence() < 1
        || tombstone.sequence() > Stamp.SEQUENCE_MAX
        || (to != null && Bytes.compare(tombstone.from(), to) >= 0)
        || (to != null && to.length > Limits.KEY_BYTES_MAX)) {
      throw new IllegalArgumentException("no range tombstone: " + tombstone);
    }
    if (!rangeTombstones.isEmpty()
        && !RangeTombstones.isAfter(rangeTombstones.getLast(), tombstone)) {
      throw new IllegalArgumentException("a range tombstone out of order: " + tombstone);
    }
    rangeTombstones.add(tombstone);
    tally.add(tombstone);
  }

  /// How many entries and range tombstones it has so far.
  public long count() {
    return tally.entries() + rangeTombstones.size();
  }

  /// About how long the file would be, were it finished now.
  public long estimatedSize() {
    long index = leavesBytes + leaf.size();
    return written + outLength + data.size() + (filter == null ? 0 : filter.byteSize()) + index;
  }

  /** What separates the block that begins with this key from the one before. */
  private void beginDataBlock(
      byte[] key, int keyOffset, int keyLength, long stamp, boolean continues) {
    int length = keyLength;
    if (!continues) {
      length = tally.sharedWithLast(key, keyOffset, keyLength) + 1;
    }
    separator = Arrays.copyOfRange(key, keyOffset, keyOffset + length);
    separatorStamp = continues ? stamp : Stamp.MAX;
  }

  private void finishDataBlock() throws IOException {
    long begin = written + outLength;
    int size = data.size();
    int length;
    if (codec.id() == BlockCodecs.NONE) {
      reserve(size);
      length = data.write(out, outLength) - outLength;
      seal(BlockType.DATA, length, BlockCodecs.NONE, length);
    } else {
      plain = EntryBlockBuilder.ensure(plain, 0, size);
      length = data.write(plain, 0);
      appendCompressed(length);
    }
    tally.addBlock(length);
    data.clear();
    indexBlock(begin);
    flushOut(outBytes);
  }

  /** Appends the block in {@link #plain}, compressed if that pays. */
  private void appendCompressed(int length) throws IOException {
    reserve(codec.compressedSizeMax(length));
    int compressed = codec.compress(plain, 0, length, out, outLength);
    if (compressed <= length - length / SAVING_MIN) {
      seal(BlockType.DATA, compressed, codec.id(), length);
    } else {
      System.arraycopy(plain, 0, out, outLength, length);
      seal(BlockType.DATA, length, BlockCodecs.NONE, length);
    }
  }

  /** Adds the data block that begins at `begin` and ends here to the index. */
  private void indexBlock(long begin) {
    int length = position(begin, written + outLength - begin);
    if (leaf.count() > 0
        && leaf.sizeWith(separator.length, separatorStamp, length) > options.blockBytes()) {
      finishLeaf();
      leafSeparator = separator;
      leafStamp = separatorStamp;
    }
    leaf.add(separator, 0, separator.length, separatorStamp, position, 0, length);
  }

  private int position(long offset, long size) {
    return Varints.write(position, Varints.write(position, 0, offset), size);
  }

  /** Leaves are kept until the data blocks are through. */
  private void finishLeaf() {
    byte[] bytes = new byte[leaf.size()];
    leaves.add(Arrays.copyOf(bytes, leaf.write(bytes, 0)));
    leavesBytes += leaves.getLast().length;
    top.add(leafSeparator, 0, leafSeparator.length, leafStamp, position, 0, 0);
    leaf.clear();
  }

  /** Makes room for a block of this many bytes and its seal. */
  private void reserve(int length) throws IOException {
    if (out.length - outLength < (long) length + BlockSeal.BYTES) {
      flushOut(1);
      out = EntryBlockBuilder.ensure(out, 0, Math.addExact(length, BlockSeal.BYTES));
    }
  }

  /** Makes the bytes behind {@link #outLength} a block. */
  private void seal(BlockType type, int length, int codecId, int plainLength) {
    int end = outLength + length;
    seal.write(out, outLength, end, codecId, plainLength, type, written + outLength);
    outLength = end + BlockSeal.BYTES;
  }

  private void flushOut(int from) throws IOException {
    if (outLength >= from) {
      account(leavesBytes + (filter == null ? 0 : filter.memoryBytes()));
      file.append(out, 0, outLength);
      written += outLength;
      outLength = 0;
    }
  }

  /** Tells the budget of the buffers, and of so many bytes that wait for the end. */
  private void account(long gathered) {
    long bytes = gathered + out.length + plain.length;
    environment.budget().use(bytes - memoryBytes);
    memoryBytes = bytes;
  }

  private void appendBlock(BlockType type, byte[] bytes, int from, int length) throws IOException {
    reserve(length);
    System.arraycopy(bytes, from, out, outLength, length);
    seal(type, length, BlockCodecs.NONE, length);
    flushOut(outBytes);
  }

  /// Writes what is left and gives the file its name, durably.
  ///
  /// @throws IllegalStateException when nothing was added
  /// @throws IOException when a step failed
  public SstableInfo finish() throws IOException {
    if (count() == 0) {
      throw new IllegalStateException("an sstable without entries and range tombstones");
    }
    if (data.count() > 0) {
      finishDataBlock();
    }
    if (leaf.count() > 0) {
      finishLeaf();
    }
    final long filterBegin = written + outLength;
    byte[] lines = filter == null ? new byte[0] : filter.finish();
    account(leavesBytes + (filter == null ? 0 : filter.memoryBytes()) + lines.length);
    int pageBytes = FILTER_PAGE_LINES * FilterShape.LINE_BYTES;
    for (int at = 0; at < lines.length; at += pageBytes) {
      appendBlock(BlockType.FILTER, lines, at, Math.min(pageBytes, lines.length - at));
    }
    final long tombstonesBegin = written + outLength;
    if (!rangeTombstones.isEmpty()) {
      byte[] bytes = RangeTombstones.encode(rangeTombstones);
      appendBlock(BlockType.RANGE_TOMBSTONES, bytes, 0, bytes.length);
    }
    final long leavesBegin = written + outLength;
    final long topBegin = writeIndex();
    final long propertiesBegin = written + outLength;
    SstableProperties properties =
        tally.properties(
            lines.length / FilterShape.LINE_BYTES, filter == null ? 0 : filter.probes());
    byte[] bytes = properties.encode();
    appendBlock(BlockType.PROPERTIES, bytes, 0, bytes.length);
    long size = written + outLength + SstableFooter.SIZE;
    byte[] footer = new byte[SstableFooter.SIZE];
    new SstableFooter(
            seed, size, filterBegin, tombstonesBegin, leavesBegin, topBegin, propertiesBegin)
        .write(footer, envelopeChecksum);
    flushOut(1);
    file.append(footer, 0, footer.length);
    commit();
    return new SstableInfo(number, size, seed, createdMillis, properties);
  }

  /** Writes leaves and top; answers where the top begins. */
  private long writeIndex() throws IOException {
    // The top was gathered without the places of its leaves, which are known only now.
    EntryBlockBuilder placed = new EntryBlockBuilder();
    EntryBlock gathered = new EntryBlock();
    if (leaves.isEmpty()) {
      return written + outLength;
    }
    byte[] bytes = new byte[top.size()];
    gathered.open(bytes, 0, top.write(bytes, 0));
    byte[] key = new byte[Limits.KEY_BYTES_MAX];
    for (int i = 0; i < leaves.size(); i++) {
      byte[] block = leaves.get(i);
      int length = position(written + outLength, (long) block.length + BlockSeal.BYTES);
      appendBlock(BlockType.INDEX_LEAF, block, 0, block.length);
      gathered.copyKey(i, key);
      placed.add(key, 0, gathered.keyLength(i), gathered.stamp(i), position, 0, length);
    }
    final long topBegin = written + outLength;
    byte[] block = new byte[placed.size()];
    appendBlock(BlockType.INDEX_TOP, block, 0, placed.write(block, 0));
    return topBegin;
  }

  /** A file that may have its name but failed to become durable is taken away again. */
  private void commit() throws IOException {
    try {
      file.commit();
      finished = true;
    } catch (IOException failure) {
      try {
        if (environment.fileSystem().exists(path)) {
          environment.fileSystem().delete(path);
        }
      } catch (IOException another) {
        failure.addSuppressed(another);
      }
      throw failure;
    }
  }

  /// Whether the file is complete, durable and has its name.
  public boolean isFinished() {
    return finished;
  }

  @Override
  public void close() throws IOException {
    environment.budget().use(-memoryBytes);
    memoryBytes = 0;
    file.close();
  }
}
