package dev.varve.zstd;

import static dev.varve.zstd.MalformedException.require;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Decodes the blocks of one frame, one behind the other, into one range.
///
/// @threads one at a time
final class BlockDecoder {
  private final byte[] array;
  private final byte[] target;
  private final int begin;
  private final int limit;
  private final BackwardBits bits = new BackwardBits();
  private int out;

  private byte[] literals = new byte[0];
  private int literalCount;
  private int literalAt;

  /* What a block may take over from the one before. */
  private @Nullable HuffmanDecoder huffman;
  private @Nullable FseDecoder literalTable;
  private @Nullable FseDecoder offsetTable;
  private @Nullable FseDecoder matchTable;
  private long repeat1 = 1;
  private long repeat2 = 4;
  private long repeat3 = 8;

  /** Where what is being read stands. */
  private int at;

  BlockDecoder(byte[] array, byte[] target, int begin, int limit) {
    this.array = array;
    this.target = target;
    this.begin = begin;
    this.limit = limit;
    this.out = begin;
  }

  /// Where the next byte goes.
  int position() {
    return out;
  }

  /// A block of bytes as they are.
  void copy(int from, int length) throws MalformedException {
    require(length <= limit - out);
    System.arraycopy(array, from, target, out, length);
    out += length;
  }

  /// A block of one byte many times.
  void fill(byte value, int length) throws MalformedException {
    require(length <= limit - out);
    Arrays.fill(target, out, out + length, value);
    out += length;
  }

  /// A compressed block.
  void decode(int from, int to) throws MalformedException {
    int first = out;
    at = from;
    readLiterals(to);
    readSequences(to);
    require(out - first <= FrameEncoder.BLOCK_BYTES_MAX);
  }

  private int take(int bytes, int to) throws MalformedException {
    require(bytes <= to - at);
    int value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (array[at + i] & 0xFF);
    }
    at += bytes;
    return value;
  }

  private void readLiterals(int to) throws MalformedException {
    require(at < to);
    int head = array[at];
    int form = head >>> 2 & 3;
    if ((head & 3) >= 2) {
      readCompressed((head & 3) == 2, form, to);
      return;
    }
    int bytes = form == 1 ? 2 : form == 3 ? 3 : 1;
    int count = take(bytes, to) >>> (bytes == 1 ? 3 : 4);
    makeRoom(count);
    if ((head & 3) == 0) {
      require(count <= to - at);
      System.arraycopy(array, at, literals, 0, count);
      at += count;
    } else {
      Arrays.fill(literals, 0, count, (byte) take(1, to));
    }
  }

  private void makeRoom(int count) throws MalformedException {
    require(count <= FrameEncoder.BLOCK_BYTES_MAX && count <= limit - out);
    if (literals.length < count) {
      literals = new byte[count];
    }
    literalCount = count;
    literalAt = 0;
  }

  private void readCompressed(boolean described, int form, int to) throws MalformedException {
    int width = form < 2 ? 10 : form == 2 ? 14 : 18;
    int bytes = form < 2 ? 3 : form == 2 ? 4 : 5;
    require(bytes <= to - at);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (array[at + i] & 0xFF);
    }
    at += bytes;
    int count = (int) (value >>> 4) & (1 << width) - 1;
    int size = (int) (value >>> (4 + width)) & ((1 << width) - 1);
    require(size <= to - at && count > 0);
    makeRoom(count);
    int end = at + size;
    HuffmanDecoder table = huffman;
    if (described) {
      table = HuffmanDecoder.read(array, at, end);
      huffman = table;
      at = table.end;
    }
    if (table == null) {
      throw new MalformedException();
    }
    if (form == 0) {
      table.decode(array, at, end, literals, 0, count);
    } else {
      readStreams(table, count, end);
    }
    at = end;
  }

  private void readStreams(HuffmanDecoder table, int count, int end) throws MalformedException {
    int[] sizes = {take(2, end), take(2, end), take(2, end)};
    int each = (count + 3) / 4;
    require(3 * each <= count);
    for (int i = 0; i < 3; i++) {
      require(sizes[i] <= end - at);
      table.decode(array, at, at + sizes[i], literals, i * each, each);
      at += sizes[i];
    }
    table.decode(array, at, end, literals, 3 * each, count - 3 * each);
  }

  private void readSequences(int to) throws MalformedException {
    int count = take(1, to);
    if (count >= 128) {
      count = count < 255 ? ((count - 128) << 8) + take(1, to) : take(2, to) + 0x7F00;
    }
    if (count > 0) {
      int modes = take(1, to);
      require((modes & 3) == 0);
      literalTable =
          readTable(
              modes >>> 6 & 3,
              literalTable,
              SequenceCodes.LITERAL_DECODER,
              SequenceCodes.LITERAL_LENGTH_MAX,
              to);
      offsetTable =
          readTable(
              modes >>> 4 & 3,
              offsetTable,
              SequenceCodes.OFFSET_DECODER,
              SequenceCodes.OFFSET_MAX,
              to);
      matchTable =
          readTable(
              modes >>> 2 & 3,
              matchTable,
              SequenceCodes.MATCH_DECODER,
              SequenceCodes.MATCH_LENGTH_MAX,
              to);
      bits.reset(array, at, to);
      run(count, literalTable, offsetTable, matchTable);
    } else {
      require(at == to);
    }
    copyLiterals(literalCount - literalAt);
  }

  private FseDecoder readTable(
      int mode, @Nullable FseDecoder before, FseDecoder known, int symbolMax, int to)
      throws MalformedException {
    return switch (mode) {
      case 0 -> known;
      case 1 -> {
        int symbol = take(1, to);
        require(symbol <= symbolMax);
        yield new FseDecoder(symbol);
      }
      case 2 -> {
        int logMax =
            symbolMax == SequenceCodes.OFFSET_MAX
                ? SequenceCodes.OFFSET_LOG_MAX
                : SequenceCodes.LENGTH_LOG_MAX;
        FseDecoder.Described described = FseDecoder.read(array, at, to, symbolMax, logMax);
        at = described.end();
        yield described.table();
      }
      default -> {
        if (before == null) {
          throw new MalformedException();
        }
        yield before;
      }
    };
  }

  private void run(int count, FseDecoder literal, FseDecoder offset, FseDecoder match)
      throws MalformedException {
    int literalState = bits.read(literal.log);
    int offsetState = bits.read(offset.log);
    int matchState = bits.read(match.log);
    for (int i = 0; i < count; i++) {
      require(bits.left() >= 0);
      int offsetCode = offset.symbol(offsetState);
      int matchCode = match.symbol(matchState);
      int literalCode = literal.symbol(literalState);
      long value = (1L << offsetCode) + bits.read(offsetCode);
      int length =
          SequenceCodes.MATCH_BASES[matchCode] + bits.read(SequenceCodes.MATCH_BITS[matchCode]);
      int before =
          SequenceCodes.LITERAL_BASES[literalCode]
              + bits.read(SequenceCodes.LITERAL_BITS[literalCode]);
      long distance = distance(value, before == 0);
      copyLiterals(before);
      copyMatch(distance, length);
      if (i < count - 1) {
        literalState = literal.next(literalState, bits);
        matchState = match.next(matchState, bits);
        offsetState = offset.next(offsetState, bits);
      }
    }
    require(bits.left() == 0);
  }

  /** The distance that a value means, which is the newest of the last three then. */
  private long distance(long value, boolean withoutLiterals) {
    long which = value - 1 + (withoutLiterals ? 1 : 0);
    if (value <= 3 && which == 0) {
      return repeat1;
    }
    long distance = value - 3;
    if (value <= 3) {
      distance = which == 1 ? repeat2 : which == 2 ? repeat3 : repeat1 - 1;
    }
    if (value > 3 || which != 1) {
      repeat3 = repeat2;
    }
    repeat2 = repeat1;
    repeat1 = distance;
    return distance;
  }

  private void copyLiterals(int length) throws MalformedException {
    require(length <= literalCount - literalAt && length <= limit - out);
    System.arraycopy(literals, literalAt, target, out, length);
    literalAt += length;
    out += length;
  }

  private void copyMatch(long distance, int length) throws MalformedException {
    require(distance > 0 && distance <= out - begin && length <= limit - out);
    int from = out - (int) distance;
    if (distance >= length) {
      System.arraycopy(target, from, target, out, length);
    } else {
      for (int i = 0; i < length; i++) {
        target[out + i] = target[from + i];
      }
    }
    out += length;
  }
}
