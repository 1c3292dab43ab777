package dev.varve.zstd;

/// The codes of literal lengths, match lengths and offsets, and their tables when none is
/// described.
final class SequenceCodes {
  static final int LENGTH_LOG_MAX = 9;
  static final int OFFSET_LOG_MAX = 8;
  static final int LITERAL_LENGTH_MAX = 35;
  static final int MATCH_LENGTH_MAX = 52;
  static final int OFFSET_MAX = 31;
  static final int MATCH_MIN = 3;

  static final int[] LITERAL_BASES = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64,
    128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536
  };
  static final int[] LITERAL_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16
  };
  static final int[] MATCH_BASES = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051,
    4099, 8195, 16387, 32771, 65539
  };
  static final int[] MATCH_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
  };

  private static final int LITERAL_LOG = 6;
  private static final int MATCH_LOG = 6;
  private static final int OFFSET_LOG = 5;
  private static final short[] LITERAL_COUNTS = {
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1
  };
  private static final short[] MATCH_COUNTS = {
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
  };
  private static final short[] OFFSET_COUNTS = {
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1
  };

  static final FseDecoder LITERAL_DECODER =
      new FseDecoder(LITERAL_COUNTS, LITERAL_COUNTS.length, LITERAL_LOG);
  static final FseDecoder MATCH_DECODER =
      new FseDecoder(MATCH_COUNTS, MATCH_COUNTS.length, MATCH_LOG);
  static final FseDecoder OFFSET_DECODER =
      new FseDecoder(OFFSET_COUNTS, OFFSET_COUNTS.length, OFFSET_LOG);
  static final CodeTable.Known LITERAL_ENCODER = known(LITERAL_COUNTS, LITERAL_LOG, LENGTH_LOG_MAX);
  static final CodeTable.Known MATCH_ENCODER = known(MATCH_COUNTS, MATCH_LOG, LENGTH_LOG_MAX);
  static final CodeTable.Known OFFSET_ENCODER = known(OFFSET_COUNTS, OFFSET_LOG, OFFSET_LOG_MAX);

  private SequenceCodes() {}

  private static CodeTable.Known known(short[] counts, int log, int logMax) {
    return new CodeTable.Known(new FseEncoder(counts, counts.length, log), counts, logMax);
  }

  /// The code of a literal length.
  static int literalCode(int length) {
    return length < 16 ? length : codeOf(LITERAL_BASES, 16, length);
  }

  /// The code of a match length.
  static int matchCode(int length) {
    return length < 35 ? length - MATCH_MIN : codeOf(MATCH_BASES, 32, length);
  }

  private static int codeOf(int[] bases, int first, int value) {
    int code = first;
    while (code + 1 < bases.length && bases[code + 1] <= value) {
      code++;
    }
    return code;
  }
}
