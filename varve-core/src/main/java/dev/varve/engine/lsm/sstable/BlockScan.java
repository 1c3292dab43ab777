package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.fs.StoreFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the blocks of a file by their seals alone, where no index says where they are.
///
/// @threads one at a time
final class BlockScan {
  /* A block's checksum says where it ends: going on byte by byte from where one begins, the end is
   * where the four bytes ahead are the checksum so far under the mask of some type. By chance that is
   * so once in about 700 million bytes; the codec and the length that must fit then make it rarer.
   * Behind damage it is not known where the next block begins, so each byte is tried. */

  /// A block, or damage where there may have been some.
  ///
  /// @param type what the block holds; null for damage
  record Place(@Nullable BlockType type, long offset, long size) {
    long end() {
      return offset + size;
    }
  }

  /** Looked through at most for the end of a block that should begin at a known place. */
  private static final int BLOCK_MAX = 64 << 20;

  /** The least that is looked through for the end of a block that may begin anywhere. */
  private static final int GUESS_MIN = 16 << 10;

  /** Bytes that are looked at, again and again, behind damage; past that the rest is given up. */
  static final long EFFORT_MAX = 1L << 31;

  private static final int FIRST_READ = 64 << 10;
  private static final int[] TABLE = table();
  private static final BlockType[] TYPES = BlockType.values();

  private final StoreFile file;
  private final BlockSeal seal;
  private final int[] masks = new int[TYPES.length];
  private byte[] buffer = new byte[FIRST_READ];
  private long bufferBegin;
  private int bufferLength;
  private long effort;
  private long largest;

  /// @param effort how many bytes may be looked at behind damage
  BlockScan(StoreFile file, BlockSeal seal, long effort) {
    this.file = file;
    this.seal = seal;
    this.effort = effort;
  }

  private static int[] table() {
    int[] table = new int[256];
    for (int i = 0; i < 256; i++) {
      int c = i;
      for (int bit = 0; bit < 8; bit++) {
        c = (c & 1) != 0 ? c >>> 1 ^ 0x82F63B78 : c >>> 1;
      }
      table[i] = c;
    }
    return table;
  }

  /// All blocks and all damage between two places of the file, in order and without gaps.
  ///
  /// @throws IOException when the device refuses
  List<Place> scan(long begin, long end) throws IOException {
    List<Place> places = new ArrayList<>();
    long at = begin;
    while (at < end) {
      Place found = blockAt(at, end, BLOCK_MAX);
      if (found == null) {
        found = next(at, end);
        places.add(new Place(null, at, (found == null ? end : found.offset) - at));
      }
      if (found == null) {
        return places;
      }
      places.add(found);
      largest = Math.max(largest, found.size);
      at = found.end();
    }
    return places;
  }

  /// The first block between two places of the file, or null.
  ///
  /// @throws IOException when the device refuses
  @Nullable Place first(long begin, long end) throws IOException {
    Place found = begin < end ? blockAt(begin, end, BLOCK_MAX) : null;
    return found != null ? found : next(begin, end);
  }

  /** The next block behind damage that begins at `damage`, or null. */
  private @Nullable Place next(long damage, long end) throws IOException {
    int limit = (int) Math.min(BLOCK_MAX, Math.max(GUESS_MIN, 2 * largest));
    for (long at = damage + 1; at < end && effort > 0; at++) {
      effort -= Math.min(limit, end - at);
      Place found = blockAt(at, end, limit);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /// The block that begins at `offset` and ends at `end` or before, of `limit` bytes at most; null
  /// when there is none.
  ///
  /// @throws IOException when the device refuses
  @Nullable Place blockAt(long offset, long end, int limit) throws IOException {
    long most = Math.min(end - offset, limit);
    for (int type = 0; type < TYPES.length; type++) {
      masks[type] = seal.mask(TYPES[type], offset);
    }
    int register = -1;
    int done = 0;
    for (int have = FIRST_READ; ; have = 4 * have) {
      int length = (int) Math.min(have, most);
      int from = fill(offset, length);
      for (; done + 4 <= length; done++) {
        int at = from + done;
        int mask = ~register ^ Bytes.getInt(buffer, at);
        for (int type = 0; type < masks.length; type++) {
          if (mask == masks[type] && isTail(from, done)) {
            return new Place(TYPES[type], offset, done + 4L);
          }
        }
        register = TABLE[(register ^ buffer[at]) & 0xFF] ^ register >>> 8;
      }
      if (length == most) {
        return null;
      }
    }
  }

  /** Whether codec and length stand before a checksum, `length` bytes behind the block's begin. */
  private boolean isTail(int from, int length) {
    if (length <= BlockSeal.BYTES - 4) {
      return false;
    }
    int payload = length - BlockSeal.BYTES + 4;
    int codec = buffer[from + length - 5] & 0xFF;
    int plain = Bytes.getInt(buffer, from + length - 4);
    BlockCodec known = BlockCodecs.forReading(codec);
    return codec <= BlockCodecs.ZSTD
        && plain > 0
        && (known == null || known.canHold(payload, plain));
  }

  /** Has `length` bytes of the file from `offset` in the buffer; answers where there. */
  private int fill(long offset, int length) throws IOException {
    if (offset >= bufferBegin && offset + length <= bufferBegin + bufferLength) {
      return (int) (offset - bufferBegin);
    }
    int wanted = Math.max(length, FIRST_READ);
    if (buffer.length < 2 * wanted) {
      buffer = new byte[2 * wanted];
    }
    bufferBegin = offset;
    bufferLength = 0;
    // More than was asked for, as what follows will be looked at next.
    bufferLength = file.read(offset, MemorySegment.ofArray(buffer));
    if (bufferLength < length) {
      throw new java.io.EOFException("the file ends before byte " + (offset + length));
    }
    return 0;
  }
}
