package dev.varve.zstd;

import java.util.Arrays;

/// Huffman codes for the literals of a block, of at most eleven bits.
///
/// @threads one at a time
final class HuffmanEncoder {
  private static final int SYMBOLS = 256;
  private static final int BITS_MAX = 11;
  private static final int WEIGHTS_LOG = 6;
  private static final int DIRECT_MAX = 128;

  private final int[] counts = new int[SYMBOLS];
  private final int[] lengths = new int[SYMBOLS];
  private final int[] codes = new int[SYMBOLS];
  private final byte[] weights = new byte[SYMBOLS];
  private int symbols;

  /// Makes codes for these bytes; false when they have fewer than two values.
  boolean build(byte[] source, int from, int count) {
    Arrays.fill(counts, 0);
    for (int i = from; i < from + count; i++) {
      counts[source[i] & 0xFF]++;
    }
    symbols = 0;
    int used = 0;
    for (int i = 0; i < SYMBOLS; i++) {
      if (counts[i] > 0) {
        used++;
        symbols = i + 1;
      }
    }
    if (used < 2) {
      return false;
    }
    for (int shift = 0; measure(used, shift) > BITS_MAX; shift++) {
      // Flatter counts make shorter codes; with all alike there are eight bits at most.
    }
    assign();
    return true;
  }

  /** Code lengths for counts divided by a power of two; answers the longest. */
  private int measure(int used, int shift) {
    long[] leaves = new long[used];
    int at = 0;
    for (int i = 0; i < symbols; i++) {
      if (counts[i] > 0) {
        leaves[at++] = (long) Math.max(1, counts[i] >> shift) << 8 | i;
      }
    }
    Arrays.sort(leaves);
    // Two queues, both in order: the leaves, and the inner nodes as they are made.
    long[] inner = new long[used - 1];
    int[] parents = new int[2 * used - 1];
    int leaf = 0;
    int node = 0;
    for (int made = 0; made < used - 1; made++) {
      for (int child = 0; child < 2; child++) {
        boolean fromLeaves = leaf < used && (node >= made || leaves[leaf] >>> 8 <= inner[node]);
        inner[made] += fromLeaves ? leaves[leaf] >>> 8 : inner[node];
        parents[fromLeaves ? leaf++ : used + node++] = used + made;
      }
    }
    int[] depths = new int[2 * used - 1];
    int deepest = 0;
    for (int i = 2 * used - 3; i >= 0; i--) {
      depths[i] = depths[parents[i]] + 1;
      if (i < used) {
        lengths[(int) leaves[i] & 0xFF] = depths[i];
        deepest = Math.max(deepest, depths[i]);
      }
    }
    return deepest;
  }

  private void assign() {
    int log = 0;
    for (int i = 0; i < symbols; i++) {
      lengths[i] = counts[i] > 0 ? lengths[i] : 0;
      log = Math.max(log, lengths[i]);
    }
    int at = 0;
    for (int weight = 1; weight <= log; weight++) {
      for (int i = 0; i < symbols; i++) {
        if (lengths[i] == log + 1 - weight) {
          codes[i] = at >> (weight - 1);
          weights[i] = (byte) weight;
          at += 1 << (weight - 1);
        }
      }
    }
    for (int i = 0; i < symbols; i++) {
      weights[i] = lengths[i] == 0 ? 0 : weights[i];
    }
  }

  /// Describes the codes; answers how many bytes that took, 0 when it cannot be done in this room.
  int writeTable(byte[] target, int at, int limit) {
    int count = symbols - 1;
    int compressed = writeCompressed(count, target, at, limit);
    int direct = 1 + (count + 1) / 2;
    if (count <= DIRECT_MAX && (compressed == 0 || direct <= compressed)) {
      if (direct > limit - at) {
        return 0;
      }
      target[at] = (byte) (127 + count);
      for (int i = 0; i < count; i += 2) {
        int second = i + 1 < count ? weights[i + 1] : 0;
        target[at + 1 + i / 2] = (byte) (weights[i] << 4 | second);
      }
      return direct;
    }
    return compressed;
  }

  private int writeCompressed(int count, byte[] target, int at, int limit) {
    int[] found = new int[BITS_MAX + 2];
    int kinds = 0;
    int last = 0;
    for (int i = 0; i < count; i++) {
      kinds += found[weights[i]]++ == 0 ? 1 : 0;
      last = Math.max(last, weights[i]);
    }
    if (kinds < 2 || count < 2) {
      return 0;
    }
    short[] shares = FseEncoder.normalize(found, last + 1, WEIGHTS_LOG);
    int head = FseEncoder.write(shares, last + 1, WEIGHTS_LOG, target, at + 1, limit);
    if (head == 0) {
      return 0;
    }
    FseEncoder table = new FseEncoder(shares, last + 1, WEIGHTS_LOG);
    BitWriter out = new BitWriter(target, at + 1 + head, limit);
    // Two states in turn; that of even places is read first.
    int[] states = new int[2];
    states[count - 1 & 1] = table.begin(weights[count - 1]);
    states[count & 1] = table.begin(weights[count - 2]);
    for (int i = count - 3; i >= 0; i--) {
      states[i & 1] = table.encode(weights[i], states[i & 1], out);
    }
    out.add(states[1], WEIGHTS_LOG);
    out.add(states[0], WEIGHTS_LOG);
    int body = out.finishBackward();
    if (body == 0 || head + body >= DIRECT_MAX) {
      return 0;
    }
    target[at] = (byte) (head + body);
    return 1 + head + body;
  }

  /// Encodes bytes as one stream; answers how many bytes that took, 0 for no room.
  int encode(byte[] source, int from, int count, byte[] target, int at, int limit) {
    BitWriter out = new BitWriter(target, at, limit);
    for (int i = from + count - 1; i >= from; i--) {
      int symbol = source[i] & 0xFF;
      out.add(codes[symbol], lengths[symbol]);
    }
    return out.finishBackward();
  }
}
