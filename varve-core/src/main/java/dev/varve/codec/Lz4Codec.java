package dev.varve.codec;

import dev.varve.base.Bytes;
import java.util.Arrays;
import java.util.Objects;

/// The LZ4 block format, without frame: the greedy matcher with one hash table.
///
/// @source Yann Collet, LZ4 Block Format Description, lz4/lz4, doc/lz4_Block_format.md. Unlike the
///   reference decoder this one checks each length before it is used, and fails on a block that
///   makes fewer or more bytes than it is said to
public final class Lz4Codec implements BlockCodec {
  /* A block is a run of sequences. A sequence is a token (high half: number of literals, low half:
   * length of the match less 4; 15 means that bytes follow which add up, the first that is not 255
   * being the last), the literals, the distance of the match in two bytes, 1 to 65,535. The last
   * sequence ends behind its literals. A writer keeps two rules for the sake of fast readers: the
   * last five bytes are literals, and no match begins within the last twelve. */

  private static final int MATCH_MIN = 4;
  private static final int LAST_LITERALS = 5;
  private static final int LAST_MATCH_DISTANCE = 12;
  private static final int DISTANCE_MAX = 0xFFFF;
  private static final int RUN_MASK = 15;
  private static final int HASH_BITS = 13;
  private static final int HASH_FACTOR = 0x9E3779B1;

  /**
   * Of four bytes that come again within so many the first place stays known. What fills up a
   * record is then found from its begin on in the next one, and not in pieces.
   */
  private static final int NEAR = 64;

  /** Attempts without a match before the search takes longer steps, as a power of two. */
  private static final int SKIP_SHIFT = 6;

  /**
   * For each hash of four bytes where they were last seen, as a position plus {@link #generation}.
   * What earlier calls left is below the generation, so the table need not be cleared.
   */
  private final int[] table = new int[1 << HASH_BITS];

  private int generation = 1;

  /// A codec of its own table.
  public Lz4Codec() {}

  @Override
  public int id() {
    return BlockCodecs.LZ4;
  }

  @Override
  public String name() {
    return "lz4";
  }

  @Override
  public int compressedSizeMax(int length) {
    long size = length + length / 255L + 16;
    if (size > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(length + " bytes are too many for one block");
    }
    return (int) size;
  }

  @Override
  public boolean canHold(int compressed, int length) {
    return length <= 255L * compressed;
  }

  @Override
  public int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(offset, length, source.length);
    Objects.checkFromIndexSize(targetOffset, compressedSizeMax(length), target.length);
    if (generation > Integer.MAX_VALUE - length) {
      Arrays.fill(table, 0);
      generation = 1;
    }
    // A position p of the source stands in the table as p + base.
    int base = generation - offset;
    generation += length;
    int end = offset + length;
    int matchLimit = end - LAST_MATCH_DISTANCE;
    int out = targetOffset;
    int anchor = offset;
    int at = offset;
    while (at <= matchLimit) {
      int match = -1;
      int attempts = 1 << SKIP_SHIFT;
      while (at <= matchLimit) {
        int bytes = Bytes.getInt(source, at);
        int slot = (bytes * HASH_FACTOR) >>> (32 - HASH_BITS);
        int candidate = table[slot] - base;
        int distance = at - candidate;
        if (candidate >= offset
            && distance <= DISTANCE_MAX
            && Bytes.getInt(source, candidate) == bytes) {
          if (distance >= NEAR) {
            table[slot] = at + base;
          }
          match = candidate;
          break;
        }
        table[slot] = at + base;
        at += attempts++ >>> SKIP_SHIFT;
      }
      if (match < 0) {
        break;
      }
      while (at > anchor && match > offset && source[at - 1] == source[match - 1]) {
        at--;
        match--;
      }
      int matchEnd = matchEnd(source, match + MATCH_MIN, at + MATCH_MIN, end - LAST_LITERALS);
      out = writeLiterals(source, anchor, at - anchor, target, out, matchEnd - at - MATCH_MIN);
      Bytes.putShort(target, out, at - match);
      out = writeRest(target, out + 2, matchEnd - at - MATCH_MIN);
      anchor = matchEnd;
      at = matchEnd;
      if (at <= matchLimit) {
        int before = at - 2;
        int slot = (Bytes.getInt(source, before) * HASH_FACTOR) >>> (32 - HASH_BITS);
        int known = table[slot] - base;
        if (known < offset || before - known >= NEAR) {
          table[slot] = before + base;
        }
      }
    }
    return writeLiterals(source, anchor, end - anchor, target, out, 0) - targetOffset;
  }

  /** How far the bytes from `a` and from `b`, which is greater, are the same: an end for `b`. */
  private static int matchEnd(byte[] source, int a, int b, int limit) {
    int from = a;
    int at = b;
    while (at <= limit - 8) {
      long difference = Bytes.getLong(source, from) ^ Bytes.getLong(source, at);
      if (difference != 0) {
        return at + (Long.numberOfTrailingZeros(difference) >>> 3);
      }
      from += 8;
      at += 8;
    }
    while (at < limit && source[from] == source[at]) {
      from++;
      at++;
    }
    return at;
  }

  /** Writes a token and its literals; `match` is the length of the match behind them, less 4. */
  private static int writeLiterals(
      byte[] source, int from, int count, byte[] target, int out, int match) {
    target[out] = (byte) (Math.min(count, RUN_MASK) << 4 | Math.min(match, RUN_MASK));
    int at = writeRest(target, out + 1, count);
    System.arraycopy(source, from, target, at, count);
    return at + count;
  }

  /** Writes what of a length does not fit in the token. */
  private static int writeRest(byte[] target, int out, int length) {
    if (length < RUN_MASK) {
      return out;
    }
    int at = out;
    int rest = length - RUN_MASK;
    while (rest >= 255) {
      target[at++] = (byte) 255;
      rest -= 255;
    }
    target[at++] = (byte) rest;
    return at;
  }

  @Override
  public boolean decompress(
      byte[] source, int offset, int length, byte[] target, int targetOffset, int targetLength) {
    Objects.checkFromIndexSize(offset, length, source.length);
    Objects.checkFromIndexSize(targetOffset, targetLength, target.length);
    int end = offset + length;
    int outEnd = targetOffset + targetLength;
    int at = offset;
    int out = targetOffset;
    while (at < end) {
      int token = source[at++] & 0xFF;
      int nibble = token >>> 4;
      long literals = nibble;
      if (literals == RUN_MASK) {
        int run = runEnd(source, at, end);
        if (run < 0) {
          return false;
        }
        literals = runLength(source, at, run);
        at = run;
      }
      if (literals > end - at || literals > outEnd - out) {
        return false;
      }
      copyLiterals(source, at, end, target, out, outEnd, (int) literals);
      at += (int) literals;
      out += (int) literals;
      if (at == end) {
        return out == outEnd;
      }
      if (end - at < 2) {
        return false;
      }
      int distance = Bytes.getUnsignedShort(source, at);
      at += 2;
      long match = token & RUN_MASK;
      if (match == RUN_MASK) {
        int run = runEnd(source, at, end);
        if (run < 0) {
          return false;
        }
        match = runLength(source, at, run);
        at = run;
      }
      match += MATCH_MIN;
      if (distance == 0 || distance > out - targetOffset || match > outEnd - out) {
        return false;
      }
      copyMatch(target, out, distance, (int) match, outEnd);
      out += (int) match;
    }
    return false;
  }

  /** Where the bytes end that a length goes on in, or -1 when that is not before `end`. */
  private static int runEnd(byte[] source, int from, int end) {
    int at = from;
    while (at < end) {
      if (source[at++] != -1) {
        return at;
      }
    }
    return -1;
  }

  private static long runLength(byte[] source, int from, int runEnd) {
    return RUN_MASK + 255L * (runEnd - 1 - from) + (source[runEnd - 1] & 0xFF);
  }

  private static void copyLiterals(
      byte[] source, int at, int end, byte[] target, int out, int outEnd, int count) {
    if (count <= 16 && end - at >= 16 && outEnd - out >= 16) {
      Bytes.putLong(target, out, Bytes.getLong(source, at));
      Bytes.putLong(target, out + 8, Bytes.getLong(source, at + 8));
    } else {
      System.arraycopy(source, at, target, out, count);
    }
  }

  /** Copies bytes that may overlap with what they become: a short distance repeats itself. */
  private static void copyMatch(byte[] target, int out, int distance, int count, int outEnd) {
    int from = out - distance;
    int to = out;
    int end = out + count;
    if (distance >= 8 && outEnd - end >= 8) {
      do {
        Bytes.putLong(target, to, Bytes.getLong(target, from));
        to += 8;
        from += 8;
      } while (to < end);
      return;
    }
    while (to < end) {
      target[to++] = target[from++];
    }
  }
}
