package dev.varve.zstd;

import dev.varve.codec.BlockCodec;
import java.util.Objects;

/// Zstandard: blocks that are a good deal smaller than with LZ4, for more time. Each block is a
/// frame that any decoder of the format reads.
public final class ZstdCodec implements BlockCodec {
  /** The number that stands for it in files. */
  private static final int ID = 2;

  /** The least that stands for a whole block: a header and one byte that is repeated. */
  private static final int BLOCK_BYTES_MIN = 4;

  private final FrameEncoder encoder = new FrameEncoder();

  /// A codec with buffers of its own.
  public ZstdCodec() {}

  @Override
  public int id() {
    return ID;
  }

  @Override
  public String name() {
    return "zstd";
  }

  @Override
  public int compressedSizeMax(int length) {
    long blocks = length / FrameEncoder.BLOCK_BYTES_MAX + 1L;
    long size = FrameEncoder.HEADER_BYTES_MAX + blocks * FrameEncoder.BLOCK_HEADER_BYTES + length;
    if (size > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(length + " bytes are too many for one block");
    }
    return (int) size;
  }

  @Override
  public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(offset, length, source.length);
    Objects.checkFromIndexSize(targetOffset, compressedSizeMax(length), target.length);
    return encoder.encode(source, offset, length, target, targetOffset);
  }

  @Override
  public boolean canHold(int compressed, int length) {
    return length <= (compressed / BLOCK_BYTES_MIN + 1L) * FrameEncoder.BLOCK_BYTES_MAX;
  }

  @Override
  public boolean decompress(
      byte[] source, int offset, int length, byte[] target, int targetOffset, int targetLength) {
    Objects.checkFromIndexSize(offset, length, source.length);
    Objects.checkFromIndexSize(targetOffset, targetLength, target.length);
    try {
      new FrameDecoder(source, offset, length, target, targetOffset, targetLength).decode();
      return true;
    } catch (MalformedException _) {
      return false;
    }
  }
}
