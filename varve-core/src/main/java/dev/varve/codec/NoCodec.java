package dev.varve.codec;

/// Leaves bytes as they are.
///
/// @threads safe
final class NoCodec implements BlockCodec {
  static final NoCodec INSTANCE = new NoCodec();

  private NoCodec() {}

  @Override
  public int id() {
    return BlockCodecs.NONE;
  }

  @Override
  public String name() {
    return "none";
  }

  @Override
  public int compressedSizeMax(int length) {
    return length;
  }

  @Override
  public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    System.arraycopy(source, offset, target, targetOffset, length);
    return length;
  }

  @Override
  public boolean canHold(int compressed, int length) {
    return compressed == length;
  }

  @Override
  public boolean decompress(
      byte[] source, int offset, int length, byte[] target, int targetOffset, int targetLength) {
    if (length != targetLength) {
      return false;
    }
    System.arraycopy(source, offset, target, targetOffset, length);
    return true;
  }
}
