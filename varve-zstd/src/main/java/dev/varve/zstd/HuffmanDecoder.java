package dev.varve.zstd;

import static dev.varve.zstd.MalformedException.require;

/// A table that decodes Huffman codes of up to eleven bits.
///
/// @threads immutable once it was read
final class HuffmanDecoder {
  private static final int BITS_MAX = 11;
  private static final int WEIGHTS_MAX = 255;
  private static final int WEIGHT_MAX = 11;
  private static final int WEIGHTS_LOG_MAX = 6;
  private static final int DIRECT = 128;

  private final int log;

  /** Of each run of {@link #log} bits the symbol, and the length of its code above. */
  private final short[] table;

  /** Where the description ended. */
  final int end;

  private HuffmanDecoder(int log, short[] table, int end) {
    this.log = log;
    this.table = table;
    this.end = end;
  }

  /// Reads a table's description.
  static HuffmanDecoder read(byte[] array, int begin, int limit) throws MalformedException {
    require(begin < limit);
    int head = array[begin] & 0xFF;
    byte[] weights = new byte[WEIGHTS_MAX + 1];
    int end;
    int count;
    if (head >= DIRECT) {
      count = head - DIRECT + 1;
      end = begin + 1 + (count + 1) / 2;
      require(end <= limit);
      for (int i = 0; i < count; i++) {
        int pair = array[begin + 1 + i / 2];
        weights[i] = (byte) (i % 2 == 0 ? pair >>> 4 & 15 : pair & 15);
      }
    } else {
      end = begin + 1 + head;
      require(end <= limit);
      count = readWeights(array, begin + 1, end, weights);
    }
    return of(weights, count, end);
  }

  private static int readWeights(byte[] array, int begin, int end, byte[] weights)
      throws MalformedException {
    FseDecoder.Described described =
        FseDecoder.read(array, begin, end, WEIGHT_MAX + 1, WEIGHTS_LOG_MAX);
    FseDecoder table = described.table();
    BackwardBits in = new BackwardBits();
    in.reset(array, described.end(), end);
    int now = in.read(table.log);
    int other = in.read(table.log);
    require(in.left() >= 0);
    int count = 0;
    while (true) {
      require(count < WEIGHTS_MAX - 1);
      weights[count++] = (byte) table.symbol(now);
      now = table.next(now, in);
      if (in.left() < 0) {
        weights[count++] = (byte) table.symbol(other);
        return count;
      }
      int swapped = now;
      now = other;
      other = swapped;
    }
  }

  private static HuffmanDecoder of(byte[] weights, int count, int end) throws MalformedException {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      require(weights[i] <= WEIGHT_MAX);
      sum += weights[i] == 0 ? 0 : 1 << (weights[i] - 1);
    }
    require(sum > 0);
    int log = Fse.log2(sum) + 1;
    int rest = (1 << log) - sum;
    require(log <= BITS_MAX && Integer.bitCount(rest) == 1);
    weights[count] = (byte) (Fse.log2(rest) + 1);
    short[] table = new short[1 << log];
    int at = 0;
    for (int weight = 1; weight <= log; weight++) {
      for (int symbol = 0; symbol <= count; symbol++) {
        if (weights[symbol] == weight) {
          short entry = (short) (((log + 1 - weight) << 8) | symbol);
          java.util.Arrays.fill(table, at, at + (1 << (weight - 1)), entry);
          at += 1 << (weight - 1);
        }
      }
    }
    require(at == table.length);
    return new HuffmanDecoder(log, table, end);
  }

  /// Decodes a stream, which must end with the last of the `count` symbols.
  void decode(byte[] array, int begin, int end, byte[] target, int from, int count)
      throws MalformedException {
    BackwardBits in = new BackwardBits();
    in.reset(array, begin, end);
    for (int i = from; i < from + count; i++) {
      int entry = table[in.peek(log)];
      in.skip(entry >>> 8);
      target[i] = (byte) entry;
    }
    require(in.left() == 0);
  }
}
