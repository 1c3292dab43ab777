package dev.varve.zstd;

import java.util.Arrays;

/// Writes a compressed block: its literals, and the sequences that say where they and the matches
/// go.
///
/// @threads one at a time
final class BlockEncoder {
  /** Literals of fewer bytes are not worth a table. */
  private static final int HUFFMAN_BYTES_MIN = 48;

  /** Up to here one stream does. */
  private static final int STREAM_BYTES_MAX = 1000;

  private static final int RAW = 0;
  private static final int RLE = 1;
  private static final int COMPRESSED = 2;

  private final HuffmanEncoder huffman = new HuffmanEncoder();
  private byte[] source = new byte[0];

  /** What of the source was seen: literals and matches up to here. */
  private int at;

  private byte[] literals = new byte[1024];
  private int literalCount;
  private int[] literalLengths = new int[256];
  private int[] matchLengths = new int[256];
  private int[] offsets = new int[256];
  private byte[] literalCodes = new byte[256];
  private byte[] matchCodes = new byte[256];
  private byte[] offsetCodes = new byte[256];
  private int count;

  /// Begins a block of the bytes from `from` on.
  void reset(byte[] bytes, int from) {
    source = bytes;
    at = from;
    literalCount = 0;
    count = 0;
  }

  /// Adds literals and the match behind them.
  ///
  /// @param offset as it is coded: 1 to 3 for a repeated one, else the distance plus 3
  void add(int literalLength, int matchLength, int offset) {
    if (count == offsets.length) {
      literalLengths = Arrays.copyOf(literalLengths, 2 * count);
      matchLengths = Arrays.copyOf(matchLengths, 2 * count);
      offsets = Arrays.copyOf(offsets, 2 * count);
      literalCodes = new byte[2 * count];
      matchCodes = new byte[2 * count];
      offsetCodes = new byte[2 * count];
    }
    addLiterals(literalLength);
    literalLengths[count] = literalLength;
    matchLengths[count] = matchLength;
    offsets[count++] = offset;
    at += matchLength;
  }

  /// Adds the literals behind the last match.
  void end(int length) {
    addLiterals(length);
  }

  private void addLiterals(int length) {
    if (literals.length - literalCount < length) {
      literals = Arrays.copyOf(literals, Math.max(2 * literals.length, literalCount + length));
    }
    System.arraycopy(source, at, literals, literalCount, length);
    literalCount += length;
    at += length;
  }

  /// Writes the block; answers how many bytes that took, 0 for no room.
  int write(byte[] target, int from, int limit) {
    int size = writeLiterals(target, from, limit);
    if (size == 0) {
      return 0;
    }
    int sequences = writeSequences(target, from + size, limit);
    return sequences == 0 ? 0 : size + sequences;
  }

  private int writeLiterals(byte[] target, int from, int limit) {
    if (literalCount >= HUFFMAN_BYTES_MIN) {
      if (!huffman.build(literals, 0, literalCount)) {
        return writePlain(target, from, limit, RLE, 1);
      }
      int size = writeCompressed(target, from, limit);
      if (size > 0 && size < literalCount) {
        return size;
      }
    }
    return writePlain(target, from, limit, RAW, literalCount);
  }

  private int writePlain(byte[] target, int from, int limit, int type, int length) {
    int form = literalCount < 32 ? 0 : literalCount < 4096 ? 1 : 3;
    int head = form == 0 ? 1 : form == 1 ? 2 : 3;
    if (limit - from < head + length) {
      return 0;
    }
    int value = type | form << 2 | literalCount << (form == 0 ? 3 : 4);
    putBytes(target, from, value, head);
    System.arraycopy(literals, 0, target, from + head, length);
    return head + length;
  }

  private int writeCompressed(byte[] target, int from, int limit) {
    boolean single = literalCount <= STREAM_BYTES_MAX;
    int head = single ? 3 : literalCount < 1 << 14 ? 4 : 5;
    if (limit - from < head) {
      return 0;
    }
    int body = from + head;
    int at = huffman.writeTable(target, body, limit);
    if (at == 0) {
      return 0;
    }
    at += body;
    int end = single ? stream(0, literalCount, target, at, limit) : fourStreams(target, at, limit);
    int size = end - body;
    if (end == 0 || size >= literalCount) {
      return 0;
    }
    int bits = single ? 10 : head == 4 ? 14 : 18;
    long form = single ? 0 : head == 4 ? 2 : 3;
    long value =
        COMPRESSED | (form << 2) | ((long) literalCount << 4) | ((long) size << (4 + bits));
    putBytes(target, from, value, head);
    return head + size;
  }

  /** Writes a stream; answers where it ends, 0 for no room. */
  private int stream(int first, int length, byte[] target, int at, int limit) {
    int size = huffman.encode(literals, first, length, target, at, limit);
    return size == 0 ? 0 : at + size;
  }

  private int fourStreams(byte[] target, int from, int limit) {
    int each = (literalCount + 3) / 4;
    int at = from + 6;
    for (int i = 0; i < 4; i++) {
      int length = i < 3 ? each : literalCount - 3 * each;
      int end = stream(i * each, length, target, at, limit);
      if (end == 0) {
        return 0;
      }
      if (i < 3) {
        putBytes(target, from + 2 * i, end - at, 2);
      }
      at = end;
    }
    return at;
  }

  private int writeSequences(byte[] target, int from, int limit) {
    if (limit - from < 4) {
      return 0;
    }
    int at = from;
    if (count < 128) {
      target[at++] = (byte) count;
    } else if (count < 0x7F00) {
      target[at++] = (byte) ((count >> 8) + 128);
      target[at++] = (byte) count;
    } else {
      target[at++] = (byte) 255;
      putBytes(target, at, count - 0x7F00, 2);
      at += 2;
    }
    if (count == 0) {
      return at - from;
    }
    for (int i = 0; i < count; i++) {
      literalCodes[i] = (byte) SequenceCodes.literalCode(literalLengths[i]);
      matchCodes[i] = (byte) SequenceCodes.matchCode(matchLengths[i]);
      offsetCodes[i] = (byte) Fse.log2(offsets[i]);
    }
    CodeTable literal = CodeTable.of(literalCodes, count, SequenceCodes.LITERAL_ENCODER);
    CodeTable offset = CodeTable.of(offsetCodes, count, SequenceCodes.OFFSET_ENCODER);
    CodeTable match = CodeTable.of(matchCodes, count, SequenceCodes.MATCH_ENCODER);
    target[at++] = (byte) (literal.mode << 6 | offset.mode << 4 | match.mode << 2);
    for (CodeTable table : new CodeTable[] {literal, offset, match}) {
      at = table.write(target, at, limit);
      if (at < 0) {
        return 0;
      }
    }
    int size = writeCodes(literal, offset, match, new BitWriter(target, at, limit));
    return size == 0 ? 0 : at + size - from;
  }

  private int writeCodes(
      CodeTable literalTable, CodeTable offsetTable, CodeTable matchTable, BitWriter out) {
    int literalState = literalTable.begin(literalCodes[count - 1]);
    int matchState = matchTable.begin(matchCodes[count - 1]);
    int offsetState = offsetTable.begin(offsetCodes[count - 1]);
    for (int i = count - 1; i >= 0; i--) {
      int literal = literalCodes[i];
      int match = matchCodes[i];
      int offset = offsetCodes[i];
      if (i < count - 1) {
        offsetState = offsetTable.encode(offset, offsetState, out);
        matchState = matchTable.encode(match, matchState, out);
        literalState = literalTable.encode(literal, literalState, out);
      }
      out.add(
          literalLengths[i] - SequenceCodes.LITERAL_BASES[literal],
          SequenceCodes.LITERAL_BITS[literal]);
      out.add(matchLengths[i] - SequenceCodes.MATCH_BASES[match], SequenceCodes.MATCH_BITS[match]);
      out.add(offsets[i], offset);
    }
    matchTable.end(matchState, out);
    offsetTable.end(offsetState, out);
    literalTable.end(literalState, out);
    return out.finishBackward();
  }

  private static void putBytes(byte[] target, int at, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      target[at + i] = (byte) (value >> (8 * i));
    }
  }
}
