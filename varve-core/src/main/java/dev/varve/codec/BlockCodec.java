package dev.varve.codec;

/// Makes a block of bytes smaller, and whole again.
///
/// @threads [#compress]: one at a time for an instance. [#decompress]: any
public interface BlockCodec {
  /// The number that stands for it in files; never given to another codec.
  int id();

  /// Its name in options and messages.
  String name();

  /// The most bytes that [#compress] makes of `length` bytes.
  ///
  /// @throws IllegalArgumentException when that is more than an array holds
  int compressedSizeMax(int length);

  /// Compresses `length` bytes into `target`, which has room for [#compressedSizeMax], and answers
  /// how many bytes that made.
  int compress(byte[] source, int offset, int length, byte[] target, int targetOffset);

  /// Whether `compressed` bytes can stand for as many as `length`: asked before room is made for
  /// them.
  boolean canHold(int compressed, int length);

  /// Decompresses `length` bytes into exactly `targetLength`. Answers false for bytes that stand
  /// for anything else; the target's range may then hold anything. Total: any bytes give an answer,
  /// and nothing outside the two ranges is read or written.
  boolean decompress(
      byte[] source, int offset, int length, byte[] target, int targetOffset, int targetLength);
}
