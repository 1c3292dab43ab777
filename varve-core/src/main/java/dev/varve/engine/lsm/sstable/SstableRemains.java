package dev.varve.engine.lsm.sstable;

import dev.varve.base.Varints;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What can be read of an sstable, whole or damaged: all its range tombstones, and a walk over the
/// entries of each block that is sound.
///
/// Where the index is sound it says where the blocks are, else their seals do. Memory: a block, and
/// 16 bytes for each.
///
/// @threads one at a time
/// @lifetime until [#close]. Keys and values that it lends are good until it moves
public final class SstableRemains implements AutoCloseable {
  /// Whose a file must be.
  public record Owner(StoreId store, int keyspace, long number) {}

  /** Places of damage that are told one by one. */
  private static final int TOLD_MAX = 8;

  private final Path path;
  private final StoreFile file;
  private final BlockSource source;
  private final @Nullable SstableFooter footer;
  private final long seed;
  private final List<String> problems = new ArrayList<>();
  private final List<String> losses = new ArrayList<>();
  private final BlockPlaces places = new BlockPlaces();
  private final long fileSize;
  private @Nullable SstableProperties properties;
  private RangeTombstones tombstones = RangeTombstones.NONE;
  private int leaves;

  private final EntryBlock block = new EntryBlock();
  private int place = -1;
  private int at;
  private int count;
  private byte[] key = new byte[64];
  private int keyLength;
  private int codec;
  private long entries;
  private long ingestedAt;
  private final List<String> lostPlaces = new ArrayList<>();
  private int lost;

  private SstableRemains(Path path, StoreFile file, SstableKey found, long fileSize) {
    this.path = path;
    this.file = file;
    this.fileSize = fileSize;
    this.footer = found.footer();
    this.seed = found.seed();
    this.source = new BlockSource(path, file, found.seal(), fileSize);
  }

  /// Opens a file as far as that can be.
  ///
  /// @param owner whose it must be, if anybody's
  /// @throws CorruptionException when nothing in it can be read or it belongs elsewhere
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  public static SstableRemains open(FileSystem fileSystem, Path path, @Nullable Owner owner)
      throws IOException {
    StoreFile file = fileSystem.open(path, OpenMode.READ);
    try {
      long size = file.size();
      byte[] head = new byte[(int) Math.min(size, Envelope.SIZE)];
      file.readFully(0, java.lang.foreign.MemorySegment.ofArray(head));
      if (head.length == Envelope.SIZE && Envelope.isSound(head)) {
        Envelope envelope = Envelope.read(path, head);
        if (owner != null) {
          Envelope _ =
              envelope.require(path, FileKind.SSTABLE, owner.store, owner.keyspace, owner.number);
        }
      }
      SstableKey found = SstableKey.find(path, file);
      SstableRemains remains = new SstableRemains(path, file, found, size);
      if (!found.soundHead()) {
        remains.problems.add(
            name(path) + ": its first " + SstableFooter.DATA + " bytes are damaged");
      }
      remains.findParts(found.seal());
      return remains;
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// Has all entries have this sequence number, whatever the file says; 0 for the file's own.
  public void ingestAt(long sequence) {
    ingestedAt = sequence;
  }

  /// What was drawn for the file.
  public long seed() {
    return seed;
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  private void findParts(BlockSeal seal) throws IOException {
    SstableFooter own = footer;
    if (own == null) {
      problems.add(name(path) + ": its footer, the last 64 bytes, is damaged or missing");
      scanAll(seal);
      return;
    }
    readProperties(own);
    readTombstones(own);
    if (!readIndex(own)) {
      BlockScan scan = new BlockScan(file, seal, BlockScan.EFFORT_MAX);
      for (BlockScan.Place found : scan.scan(SstableFooter.DATA, own.filter())) {
        add(found);
      }
    }
    checkFilter(own);
  }

  private void add(BlockScan.Place found) {
    if (found.type() == BlockType.DATA) {
      places.addBlock(found.offset(), found.size());
    } else {
      places.addDamage(found.offset(), found.size());
    }
  }

  /** Finds everything by the seals. */
  private void scanAll(BlockSeal seal) throws IOException {
    BlockScan scan = new BlockScan(file, seal, BlockScan.EFFORT_MAX);
    List<BlockScan.Place> all = scan.scan(SstableFooter.DATA, fileSize);
    int last = -1;
    for (int i = 0; i < all.size(); i++) {
      last = all.get(i).type() == BlockType.DATA ? i : last;
    }
    boolean tombstonesFound = false;
    boolean gap = false;
    for (int i = 0; i < all.size(); i++) {
      BlockScan.Place found = all.get(i);
      BlockType type = found.type();
      // What is lost between data and the other parts may have been data.
      boolean isData = i <= last || (type == null && i == last + 1 && !isFooter(found));
      if (isData) {
        add(found);
      } else if (type == BlockType.RANGE_TOMBSTONES) {
        tombstonesFound = readTombstones(found.offset(), found.size());
      } else if (type == BlockType.PROPERTIES) {
        readProperties(found.offset(), found.size());
      } else if (type == BlockType.INDEX_LEAF) {
        leaves++;
      }
      gap |= type == null && !isFooter(found);
    }
    SstableProperties known = properties;
    boolean ended = last + 1 < all.size() && all.get(last + 1).type() != null;
    if (known == null && !ended) {
      losses.add(name(path) + ": entries may be lost that stood behind byte " + end(all, last));
    }
    boolean unknown = gap || leaves == 0;
    if (!tombstonesFound && (known == null ? unknown : known.rangeTombstones() > 0)) {
      losses.add(name(path) + ": its range tombstones, if it had any, are lost");
    }
  }

  private static long end(List<BlockScan.Place> all, int last) {
    return last < 0 ? SstableFooter.DATA : all.get(last).end();
  }

  /** Whether damage is no more than where the footer stood. */
  private boolean isFooter(BlockScan.Place damage) {
    return damage.end() == fileSize && damage.size() <= SstableFooter.SIZE;
  }

  private void readProperties(SstableFooter own) throws IOException {
    long end = own.fileSize() - SstableFooter.SIZE;
    readProperties(own.properties(), end - own.properties());
  }

  private void readProperties(long offset, long size) throws IOException {
    byte[] bytes = load(BlockType.PROPERTIES, offset, size);
    if (bytes != null) {
      properties = SstableProperties.decode(bytes, bytes.length - BlockSeal.BYTES);
      if (properties == null) {
        problem(offset, "properties are none");
      }
    }
  }

  private void readTombstones(SstableFooter own) throws IOException {
    long size = own.leaves() - own.tombstones();
    if (size > 0 && !readTombstones(own.tombstones(), size)) {
      SstableProperties known = properties;
      losses.add(
          name(path)
              + ": "
              + (known == null ? "its" : "" + known.rangeTombstones())
              + " range tombstones at byte "
              + own.tombstones()
              + " are lost; what they deleted may be there again");
    }
  }

  private boolean readTombstones(long offset, long size) throws IOException {
    byte[] bytes = load(BlockType.RANGE_TOMBSTONES, offset, size);
    RangeTombstones found =
        bytes == null ? null : RangeTombstones.decode(bytes, bytes.length - BlockSeal.BYTES);
    if (found == null) {
      if (bytes != null) {
        problem(offset, "range tombstones are none");
      }
      return false;
    }
    tombstones = found;
    return true;
  }

  /** Reads all of the index; false, with no places, when some of it is damaged. */
  private boolean readIndex(SstableFooter own) throws IOException {
    long size = own.properties() - own.top();
    if (size == 0) {
      return own.filter() == SstableFooter.DATA;
    }
    BlockPlaces leafPlaces = new BlockPlaces();
    boolean sound = readIndex(BlockType.INDEX_TOP, own.top(), size, own.leaves(), leafPlaces);
    if (sound && leafPlaces.end(own.leaves()) != own.top()) {
      problem(own.top(), "index does not reach the end of its leaves");
      sound = false;
    }
    leaves = leafPlaces.count();
    BlockPlaces found = new BlockPlaces();
    for (int i = 0; i < leafPlaces.count(); i++) {
      // Damage in one leaf is no reason not to look at the others: it is told of each.
      long begin = found.end(SstableFooter.DATA);
      boolean whole =
          readIndex(
              BlockType.INDEX_LEAF,
              leafPlaces.begin(i),
              leafPlaces.size(i),
              sound ? begin : -1,
              found);
      sound &= whole;
    }
    if (sound && found.end(SstableFooter.DATA) != own.filter()) {
      problem(own.leaves(), "index does not reach the end of the data blocks");
      return false;
    }
    if (sound) {
      for (int i = 0; i < found.count(); i++) {
        places.addBlock(found.begin(i), found.size(i));
      }
    }
    return sound;
  }

  /**
   * Appends the places that a block of the index names, which begin at `begin`, if that is not -1.
   */
  private boolean readIndex(BlockType type, long offset, long size, long begin, BlockPlaces target)
      throws IOException {
    byte[] bytes = load(type, offset, size);
    if (bytes == null) {
      return false;
    }
    EntryBlock index = new EntryBlock();
    index.open(bytes, 0, bytes.length - BlockSeal.BYTES);
    long expected = begin;
    for (int i = 0; i < index.count(); i++) {
      int from = index.valueOffset(i);
      int limit = from + index.valueLength(i);
      long placeBegin = Varints.read(bytes, from, limit);
      from += Varints.size(placeBegin & Long.MAX_VALUE);
      long placeSize = from < limit ? Varints.read(bytes, from, limit) : Varints.MALFORMED;
      if ((expected >= 0 && placeBegin != expected)
          || placeSize <= BlockSeal.BYTES
          || placeBegin < 0
          || placeSize > fileSize - placeBegin) {
        problem(offset, "index names places that do not follow each other");
        return false;
      }
      target.addBlock(placeBegin, placeSize);
      expected = placeBegin + placeSize;
    }
    return true;
  }

  private void checkFilter(SstableFooter own) throws IOException {
    long page =
        (long) SstableWriter.FILTER_PAGE_LINES * dev.varve.filter.FilterShape.LINE_BYTES
            + BlockSeal.BYTES;
    for (long begin = own.filter(); begin < own.tombstones(); begin += page) {
      byte[] _ = load(BlockType.FILTER, begin, Math.min(page, own.tombstones() - begin));
    }
  }

  /** A block, or null, and a problem more, when it is damaged. */
  private byte @Nullable [] load(BlockType type, long offset, long size) throws IOException {
    try {
      if (size < BlockSeal.BYTES || size > fileSize - offset || size > Integer.MAX_VALUE - 16) {
        throw source.damaged(offset, "a block", size + " bytes");
      }
      byte[] bytes = new byte[(int) size];
      source.read(offset, bytes, 0, bytes.length);
      source.checkSeal(type, offset, bytes, 0, bytes.length);
      codec = bytes[bytes.length - BlockSeal.BYTES];
      if (codec != BlockCodecs.NONE) {
        byte[] plain = new byte[BlockSource.plainLength(bytes, 0, bytes.length) + BlockSeal.BYTES];
        int _ = source.decompress(offset, bytes, 0, bytes.length, plain);
        bytes = plain;
      }
      source.checkContent(type, offset, block, bytes, 0, bytes.length - BlockSeal.BYTES);
      return bytes;
    } catch (VarveException damage) {
      if (damage instanceof CorruptionException corrupt) {
        problem(offset, "expected " + corrupt.expected() + ", found " + corrupt.found());
      } else {
        problems.add(String.valueOf(damage.getMessage()));
      }
    } catch (IOException refused) {
      problem(offset, "the device refuses to read " + size + " bytes");
    }
    return null;
  }

  private void problem(long offset, String what) {
    problems.add(name(path) + " at byte " + offset + ": " + what);
  }

  /// What the file says of itself; null when that is damaged.
  public @Nullable SstableProperties properties() {
    return properties;
  }

  /// Its range tombstones; none when they are damaged, which is a loss.
  public RangeTombstones rangeTombstones() {
    return tombstones;
  }

  /// Where the parts are; null when the footer is damaged.
  @Nullable SstableFooter footer() {
    return footer;
  }

  int leaves() {
    return leaves;
  }

  /// Where the data blocks are, as far as that is known.
  BlockPlaces places() {
    return places;
  }

  /// Moves to the next entry that can be read; answers whether there is one. Damage on the way is
  /// passed over, and is a loss.
  ///
  /// @throws IOException never for what can be passed over
  public boolean next() throws IOException {
    while (++at >= count) {
      if (!nextBlock()) {
        at = count;
        return false;
      }
    }
    stand();
    return true;
  }

  /// Opens the next block that is sound, before its first entry; false when there is none.
  boolean nextBlock() throws IOException {
    count = 0;
    while (++place < places.count()) {
      byte[] bytes = null;
      if (places.isDamage(place)) {
        problem(places.begin(place), "no sound block in " + places.size(place) + " bytes");
      } else {
        bytes = load(BlockType.DATA, places.begin(place), places.size(place));
      }
      if (bytes != null) {
        block.open(bytes, 0, bytes.length - BlockSeal.BYTES);
        count = block.count();
        at = -1;
        return true;
      }
      lost(place);
    }
    return false;
  }

  private void lost(int where) {
    if (lost++ < TOLD_MAX) {
      long begin = places.begin(where);
      lostPlaces.add(
          begin + " to " + (begin + places.size(where)) + " (behind entry " + entries + ")");
    }
  }

  private void stand() {
    keyLength = block.keyLength(at);
    if (key.length < keyLength) {
      key = new byte[Math.max(keyLength, 2 * key.length)];
    }
    block.copyKey(at, key);
    entries++;
  }

  /// The place of the block that it is in.
  int place() {
    return place;
  }

  /// The codec of the block that it is in.
  int codec() {
    return codec;
  }

  /// How many bytes the payload of the block that it is in has when uncompressed.
  int plainBytes() {
    return block.size();
  }

  /// How many entries the block that it is in has.
  int blockEntries() {
    return count;
  }

  /// The array whose first [#keyLength] bytes are the key.
  public byte[] keyArray() {
    return key;
  }

  /// How many bytes the key has.
  public int keyLength() {
    return keyLength;
  }

  /// Sequence number and kind of the entry.
  public long stamp() {
    long inFile = block.stamp(at);
    return ingestedAt == 0 ? inFile : Stamp.of(ingestedAt, Stamp.kind(inFile));
  }

  /// A copy of the key.
  public byte[] key() {
    return Arrays.copyOf(key, keyLength);
  }

  /// A copy of the value.
  public byte[] value() {
    int offset = block.valueOffset(at);
    return Arrays.copyOfRange(block.array(), offset, offset + block.valueLength(at));
  }

  /// The array that the value stands in.
  byte[] valueArray() {
    return block.array();
  }

  int valueOffset() {
    return block.valueOffset(at);
  }

  int valueLength() {
    return block.valueLength(at);
  }

  /// How many entries it came past.
  public long entries() {
    return entries;
  }

  /// Everything that is damaged, one sentence each, with file and offset; complete when [#next] has
  /// come to the end.
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /// What of it is lost: counts and places, never keys; complete when [#next] has come to the end.
  public List<String> losses() {
    List<String> all = new ArrayList<>(losses);
    SstableProperties known = properties;
    long missing = known == null ? 0 : known.entries() - entries;
    if (lost > 0 || missing != 0) {
      String of = known == null ? "an unknown number of" : missing + " of " + known.entries();
      String where =
          lost == 0
              ? ""
              : ", at bytes "
                  + String.join(", ", lostPlaces)
                  + (lost > TOLD_MAX ? " and in " + (lost - TOLD_MAX) + " more places" : "");
      all.add(
          name(path)
              + ": "
              + of
              + " entries are lost, tombstones among them maybe; older values of their keys may"
              + " stand in their place"
              + where);
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
