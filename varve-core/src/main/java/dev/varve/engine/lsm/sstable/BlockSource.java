package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.cache.ReadBuffers;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.Envelope;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/// Brings sound blocks of one file from the device.
///
/// A block is checked wholly before it is handed out: its seal, and the shape of what it holds. Its
/// array is [BlockSeal#BYTES] longer than its payload.
///
/// @threads safe
final class BlockSource {
  private final Path path;
  private final StoreFile file;
  private final BlockSeal seal;
  private final long fileSize;

  /** Whether a block was compressed: then most are. Of no matter but for what is done first. */
  private boolean compressed;

  BlockSource(Path path, StoreFile file, BlockSeal seal, long fileSize) {
    this.path = path;
    this.file = file;
    this.seal = seal;
    this.fileSize = fileSize;
  }

  /// Reads `count` bytes of the file from `offset` to `at` in `target`.
  ///
  /// @throws CorruptionException when the file ends before
  /// @throws IOException when the device refuses
  void read(long offset, byte[] target, int at, int count) throws IOException {
    int done = file.read(offset, MemorySegment.ofArray(target).asSlice(at, count));
    if (done < count) {
      throw new CorruptionException(
          path, offset + done, count + " bytes from " + offset, "the end of the file");
    }
  }

  /// Loads a block.
  ///
  /// @param size its bytes in the file, seal included
  /// @throws CorruptionException when it is not what was written there
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  byte[] load(BlockType type, long offset, long size) throws IOException {
    int length = length(offset, size);
    return load(type, offset, new byte[length], length, true);
  }

  /// As [#load], for a data block; where these are compressed, their bytes go through one of
  /// `buffers`.
  byte[] loadData(long offset, long size, ReadBuffers buffers) throws IOException {
    if (!compressed) {
      return load(BlockType.DATA, offset, size);
    }
    int length = length(offset, size);
    byte[] buffer = buffers.take(length);
    try {
      return load(BlockType.DATA, offset, buffer, length, false);
    } finally {
      buffers.give(buffer);
    }
  }

  private int length(long offset, long size) {
    if (size < BlockSeal.BYTES || offset < 0 || size > fileSize - offset) {
      throw damaged(offset, "a block within the file", size + " bytes from " + offset);
    }
    if (size > Integer.MAX_VALUE - 16) {
      throw damaged(offset, "a block that fits in memory", size + " bytes");
    }
    return (int) size;
  }

  /** Loads a block of so many bytes by way of an array, which may become the answer if `own`. */
  private byte[] load(BlockType type, long offset, byte[] block, int size, boolean own)
      throws IOException {
    read(offset, block, 0, size);
    checkSeal(type, offset, block, 0, size);
    byte[] plain;
    if (isPlain(block, 0, size)) {
      plain = own ? block : Arrays.copyOf(block, size);
    } else {
      plain = new byte[plainLength(block, 0, size) + BlockSeal.BYTES];
      int _ = decompress(offset, block, 0, size, plain);
      compressed = true;
    }
    checkContent(type, offset, new EntryBlock(), plain, 0, plain.length - BlockSeal.BYTES);
    return plain;
  }

  /// Checks the seal of the block that stands at `at`, `size` bytes with its seal.
  void checkSeal(BlockType type, long offset, byte[] array, int at, int size) {
    int end = at + size;
    int found = Bytes.getInt(array, end - 4);
    int computed = seal.checksum(array, at, size - 4, type, offset);
    if (found != computed) {
      throw damaged(
          offset,
          "a block of " + size + " bytes with checksum " + Envelope.hex(computed),
          Envelope.hex(found));
    }
    int codec = array[end - BlockSeal.BYTES] & 0xFF;
    BlockCodec known = BlockCodecs.forReading(codec);
    if (known == null) {
      throw new FormatException(
          path,
          path
              + " has a block at byte "
              + offset
              + " that is compressed with the codec "
              + BlockCodecs.nameOf(codec)
              + ", which is not here. Nothing was changed; "
              + BlockCodecs.remedy(codec));
    }
    int plainLength = Bytes.getInt(array, end - 8);
    if (plainLength < 0
        || plainLength > Integer.MAX_VALUE - 16 - BlockSeal.BYTES
        || !known.canHold(size - BlockSeal.BYTES, plainLength)) {
      throw damaged(
          offset, "a length that " + size + " bytes can hold", "a length of " + plainLength);
    }
  }

  /// Whether a block whose seal was checked is not compressed.
  static boolean isPlain(byte[] array, int at, int size) {
    return array[at + size - BlockSeal.BYTES] == BlockCodecs.NONE;
  }

  /// The length of a block's payload when decompressed; its seal was checked.
  static int plainLength(byte[] array, int at, int size) {
    return Bytes.getInt(array, at + size - 8);
  }

  /// Decompresses a block whose seal was checked to the begin of `plain`. Answers the length of the
  /// payload.
  int decompress(long offset, byte[] array, int at, int size, byte[] plain) {
    int length = plainLength(array, at, size);
    BlockCodec codec = BlockCodecs.forReading(array[at + size - BlockSeal.BYTES] & 0xFF);
    if (codec == null || !codec.decompress(array, at, size - BlockSeal.BYTES, plain, 0, length)) {
      throw damaged(offset, "a payload of " + length + " bytes", "bytes that give none");
    }
    return length;
  }

  /// Checks the shape of what a block holds; a block of entries is then open in `view`.
  void checkContent(BlockType type, long offset, EntryBlock view, byte[] array, int from, int to) {
    if (type.hasEntries()) {
      String problem = view.problem(array, from, to, type.isIndex() ? 0 : 1);
      if (problem != null) {
        throw damaged(offset, "a block of entries", problem);
      }
    }
  }

  /// Damage at a place of this file.
  CorruptionException damaged(long offset, String expected, String found) {
    return new CorruptionException(path, offset, expected, found);
  }

  Path path() {
    return path;
  }

  void close() throws IOException {
    file.close();
  }
}
