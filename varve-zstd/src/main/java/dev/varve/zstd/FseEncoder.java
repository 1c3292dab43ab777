package dev.varve.zstd;

/// The states of a finite state entropy encoder, which encodes from the last symbol to the first.
///
/// @threads immutable
final class FseEncoder {
  final int log;
  private final short[] states;
  private final int[] deltaBits;
  private final int[] deltaStates;

  FseEncoder(short[] counts, int symbolCount, int log) {
    this.log = log;
    int size = 1 << log;
    byte[] spread = Fse.spread(counts, symbolCount, log);
    int[] begins = new int[symbolCount + 1];
    for (int i = 0; i < symbolCount; i++) {
      begins[i + 1] = begins[i] + Math.abs(counts[i]);
    }
    this.states = new short[size];
    int[] next = begins.clone();
    for (int state = 0; state < size; state++) {
      states[next[spread[state] & 0xFF]++] = (short) (size + state);
    }
    this.deltaBits = new int[symbolCount];
    this.deltaStates = new int[symbolCount];
    for (int i = 0; i < symbolCount; i++) {
      int count = Math.abs(counts[i]);
      if (count == 1) {
        deltaBits[i] = (log << 16) - size;
        deltaStates[i] = begins[i] - 1;
      } else if (count > 1) {
        int most = log - Fse.log2(count - 1);
        deltaBits[i] = (most << 16) - (count << most);
        deltaStates[i] = begins[i] - count;
      }
    }
  }

  /// The state that stands for the last symbol.
  int begin(int symbol) {
    int bits = (deltaBits[symbol] + (1 << 15)) >> 16;
    int value = (bits << 16) - deltaBits[symbol];
    return states[(value >> bits) + deltaStates[symbol]];
  }

  /// Writes what leads from the state for `symbol`, which it answers, to `state`.
  int encode(int symbol, int state, BitWriter out) {
    int bits = (state + deltaBits[symbol]) >> 16;
    out.add(state, bits);
    return states[(state >> bits) + deltaStates[symbol]];
  }

  /// Counts that add up to 2 to the power of `log`, in about the proportions of `counts`.
  static short[] normalize(int[] counts, int symbols, int log) {
    long total = 0;
    for (int i = 0; i < symbols; i++) {
      total += counts[i];
    }
    short[] shares = new short[symbols];
    int left = 1 << log;
    for (int i = 0; i < symbols; i++) {
      if (counts[i] > 0) {
        shares[i] = (short) Math.max(1, ((long) counts[i] << log) / total);
        left -= shares[i];
      }
    }
    while (left != 0) {
      int largest = 0;
      for (int i = 1; i < symbols; i++) {
        largest = shares[i] > shares[largest] ? i : largest;
      }
      // Where too much was given, a little from each of the large ones.
      int change = left > 0 ? left : Math.max(left, -((shares[largest] + 3) >> 2));
      shares[largest] += (short) change;
      left -= change;
    }
    return shares;
  }

  /// Describes a table; answers how many bytes that took, 0 for no room.
  static int write(short[] shares, int symbols, int log, byte[] target, int at, int limit) {
    BitWriter out = new BitWriter(target, at, limit);
    out.add(log - 5, 4);
    int remaining = (1 << log) + 1;
    int threshold = 1 << log;
    int width = log + 1;
    boolean afterZero = false;
    for (int symbol = 0; symbol < symbols && remaining > 1; ) {
      if (afterZero) {
        int zeros = 0;
        while (shares[symbol + zeros] == 0) {
          zeros++;
        }
        symbol += zeros;
        for (; zeros >= 3; zeros -= 3) {
          out.add(3, 2);
        }
        out.add(zeros, 2);
      }
      int count = shares[symbol++];
      int most = 2 * threshold - 1 - remaining;
      remaining -= Math.abs(count);
      count++;
      afterZero = count == 1;
      count += count >= threshold ? most : 0;
      out.add(count, width - (count < most ? 1 : 0));
      while (remaining < threshold && threshold > 1) {
        width--;
        threshold >>= 1;
      }
    }
    return out.finish();
  }
}
