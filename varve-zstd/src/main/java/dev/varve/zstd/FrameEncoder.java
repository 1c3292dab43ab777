package dev.varve.zstd;

/// Makes frames: a header with the length, and blocks of up to 128 KiB.
///
/// @threads one at a time
final class FrameEncoder {
  static final int MAGIC = 0xFD2FB528;
  static final int BLOCK_BYTES_MAX = 128 << 10;
  static final int HEADER_BYTES_MAX = 9;
  static final int BLOCK_HEADER_BYTES = 3;

  /** One segment, its length in four bytes. */
  private static final int DESCRIPTOR = 0b1010_0000;

  private final MatchFinder finder = new MatchFinder();
  private final BlockEncoder block = new BlockEncoder();
  private final int[] repeats = new int[3];

  /// Compresses `length` bytes; there is room for all of them as they are, with their headers.
  /// Answers how many bytes that made.
  int encode(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    int end = offset + length;
    finder.reset(source, offset, end);
    repeats[0] = 1;
    repeats[1] = 4;
    repeats[2] = 8;
    putInt(target, targetOffset, MAGIC);
    target[targetOffset + 4] = (byte) DESCRIPTOR;
    putInt(target, targetOffset + 5, length);
    int out = targetOffset + HEADER_BYTES_MAX;
    int at = offset;
    do {
      int to = Math.min(end, at + BLOCK_BYTES_MAX);
      out += encodeBlock(source, offset, at, to, to == end, target, out);
      at = to;
    } while (at < end);
    return out - targetOffset;
  }

  private int encodeBlock(
      byte[] source, int begin, int from, int to, boolean last, byte[] target, int out) {
    int length = to - from;
    int body = out + BLOCK_HEADER_BYTES;
    int[] kept = repeats.clone();
    block.reset(source, from);
    gather(source, begin, from, to);
    // A block that is not smaller than its bytes stays as it is.
    int size = block.write(target, body, body + length - 1);
    if (size > 0) {
      putBlockHeader(target, out, last, 2, size);
      return BLOCK_HEADER_BYTES + size;
    }
    System.arraycopy(kept, 0, repeats, 0, kept.length);
    putBlockHeader(target, out, last, 0, length);
    System.arraycopy(source, from, target, body, length);
    return BLOCK_HEADER_BYTES + length;
  }

  /** Divides bytes into literals and matches. */
  private void gather(byte[] source, int begin, int from, int to) {
    int anchor = from;
    int at = from;
    while (at < to) {
      int repeat = at > anchor ? repeatLength(source, begin, at, to) : 0;
      int length = finder.find(at, to);
      if (repeat >= MatchFinder.FOUND_MIN - 1 && repeat + 1 >= length) {
        block.add(at - anchor, repeat, 1);
        at += repeat;
        anchor = at;
        continue;
      }
      if (length == 0) {
        // Where nothing was found for long, fewer places are looked at.
        at += 1 + ((at - anchor) >> 8);
        continue;
      }
      int match = finder.foundAt;
      int next = at + 1 < to ? finder.find(at + 1, to) : 0;
      if (next > length + 1) {
        at++;
        length = next;
        match = finder.foundAt;
      }
      add(at - anchor, length, at - match);
      at += length;
      anchor = at;
    }
    block.end(to - anchor);
  }

  private int repeatLength(byte[] source, int begin, int at, int to) {
    int match = at - repeats[0];
    if (match < begin) {
      return 0;
    }
    int length = java.util.Arrays.mismatch(source, match, match + to - at, source, at, to);
    return length < 0 ? to - at : length;
  }

  private void add(int literals, int length, int distance) {
    int first = literals == 0 ? 1 : 0;
    int which = first;
    while (which < repeats.length && repeats[which] != distance) {
      which++;
    }
    block.add(literals, length, which < repeats.length ? which + 1 - first : distance + 3);
    if (which == 0) {
      return;
    }
    if (which != 1) {
      repeats[2] = repeats[1];
    }
    repeats[1] = repeats[0];
    repeats[0] = distance;
  }

  private static void putBlockHeader(byte[] target, int at, boolean last, int type, int size) {
    int header = size << 3 | type << 1 | (last ? 1 : 0);
    target[at] = (byte) header;
    target[at + 1] = (byte) (header >> 8);
    target[at + 2] = (byte) (header >> 16);
  }

  private static void putInt(byte[] target, int at, int value) {
    for (int i = 0; i < 4; i++) {
      target[at + i] = (byte) (value >> (8 * i));
    }
  }
}
