package dev.varve.zstd;

import static dev.varve.zstd.MalformedException.require;

/// Reads one frame into exactly as many bytes as there should be.
///
/// @threads one at a time
final class FrameDecoder {
  private static final int SINGLE_SEGMENT = 0b0010_0000;
  private static final int RESERVED = 0b0000_1000;
  private static final int CHECKSUM = 0b0000_0100;
  private static final int DICTIONARY = 0b0000_0011;

  private final byte[] array;
  private final int end;
  private final BlockDecoder blocks;
  private final int targetEnd;
  private int at;

  FrameDecoder(byte[] array, int offset, int length, byte[] target, int from, int targetLength) {
    this.array = array;
    this.at = offset;
    this.end = offset + length;
    this.targetEnd = from + targetLength;
    this.blocks = new BlockDecoder(array, target, from, targetEnd);
  }

  private long take(int bytes) throws MalformedException {
    require(bytes <= end - at);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (array[at + i] & 0xFF);
    }
    at += bytes;
    return value;
  }

  /// Reads the frame, which ends with the bytes.
  void decode() throws MalformedException {
    readHeader();
    boolean last = false;
    while (!last) {
      int header = (int) take(BLOCK_HEADER);
      last = (header & 1) != 0;
      int size = header >>> 3;
      require(size <= FrameEncoder.BLOCK_BYTES_MAX);
      switch (header >>> 1 & 3) {
        case 0 -> {
          require(size <= end - at);
          blocks.copy(at, size);
          at += size;
        }
        case 1 -> blocks.fill((byte) take(1), size);
        case 2 -> {
          require(size <= end - at);
          blocks.decode(at, at + size);
          at += size;
        }
        default -> require(false);
      }
    }
    require(at == end && blocks.position() == targetEnd);
  }

  private static final int BLOCK_HEADER = FrameEncoder.BLOCK_HEADER_BYTES;

  private void readHeader() throws MalformedException {
    require((int) take(4) == FrameEncoder.MAGIC);
    int descriptor = (int) take(1);
    require((descriptor & (RESERVED | CHECKSUM | DICTIONARY)) == 0);
    boolean single = (descriptor & SINGLE_SEGMENT) != 0;
    if (!single) {
      // The size of the window; all of the target is one.
      long _ = take(1);
    }
    int form = descriptor >>> 6;
    if (form > 0 || single) {
      long length = take(1 << form) + (form == 1 ? 256 : 0);
      require(length == targetEnd - blocks.position());
    }
  }
}
