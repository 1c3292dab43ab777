package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.engine.btree.PageCodec.LargeValues;
import dev.varve.engine.btree.PageCodec.MalformedPage;
import dev.varve.kv.Limits;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads the plain bytes of a page.
///
/// @threads one at a time
final class PageReader {
  private final byte[] plain;
  private final LargeValues values;
  private int at;
  private long recordCount;

  // The revision that was read last.
  private long sequence;
  private int valueOffset;
  private int valueLength;
  private @Nullable LargeValue large;

  PageReader(byte[] plain, LargeValues values) {
    this.plain = plain;
    this.values = values;
  }

  /// Makes the entries.
  ///
  /// @throws MalformedPage when the bytes are no page
  LeafEntries read() throws MalformedPage {
    if (plain.length == 0 || (plain[0] & ~1) != 0) {
      throw new MalformedPage("flags that are none");
    }
    boolean withSequences = plain[0] == 1;
    at = 1;
    int keys = length(Short.MAX_VALUE, "the number of keys");
    int prefixLength = length(Limits.KEY_BYTES_MAX, "the length of the prefix");
    int begin = skip(prefixLength);
    byte[] prefix = Arrays.copyOfRange(plain, at, begin);
    at = begin;
    // Once to check, and to know how much room it takes.
    long recordBytes =
        LeafEntries.roomFor(walk(keys, prefixLength, withSequences, null), recordCount);
    if (at != plain.length) {
      throw new MalformedPage("bytes behind the last key");
    }
    if (recordBytes > Integer.MAX_VALUE - 64) {
      throw new MalformedPage("records of " + recordBytes + " bytes");
    }
    LeafBuilder builder = new LeafBuilder(prefix, keys, (int) recordBytes);
    at = begin;
    long _ = walk(keys, prefixLength, withSequences, builder);
    return builder.build();
  }

  /** Goes over all keys; answers how many bytes their records take. */
  private long walk(
      int keys, int prefixLength, boolean withSequences, @Nullable LeafBuilder builder)
      throws MalformedPage {
    long bytes = 0;
    int before = -1;
    int beforeLength = 0;
    for (int i = 0; i < keys; i++) {
      int suffixLength = length(Limits.KEY_BYTES_MAX - prefixLength, "the length of a key");
      int revisions = withSequences ? length(plain.length, "the number of revisions") : 1;
      int suffix = at;
      at = skip(suffixLength);
      if (revisions == 0 || suffixLength + prefixLength == 0) {
        throw new MalformedPage("a key without revisions, or an empty one");
      }
      if (builder == null
          && before >= 0
          && Arrays.compareUnsigned(
                  plain, before, before + beforeLength, plain, suffix, suffix + suffixLength)
              >= 0) {
        throw new MalformedPage("keys that do not rise");
      }
      before = suffix;
      beforeLength = suffixLength;
      bytes += walkRevisions(revisions, suffix, suffixLength, withSequences, builder);
    }
    return bytes;
  }

  private long walkRevisions(
      int revisions,
      int suffix,
      int suffixLength,
      boolean withSequences,
      @Nullable LeafBuilder builder)
      throws MalformedPage {
    if (revisions == 1) {
      readRevision(withSequences, Long.MAX_VALUE);
      if (builder != null) {
        int newest = add(builder, 0, suffix, suffixLength);
        builder.endKey(plain, suffix, suffixLength, newest);
      }
      return bytes(false, suffixLength);
    }
    int[] offsets = new int[Math.min(revisions, plain.length)];
    long bytes = 0;
    long newer = Long.MAX_VALUE;
    for (int i = 0; i < revisions; i++) {
      offsets[i] = at;
      readRevision(true, newer);
      newer = sequence;
      bytes += bytes(i < revisions - 1, suffixLength);
    }
    if (builder != null) {
      int behind = at;
      int older = 0;
      for (int i = revisions - 1; i >= 0; i--) {
        at = offsets[i];
        readRevision(true, Long.MAX_VALUE);
        older = add(builder, older, suffix, suffixLength);
      }
      builder.endKey(plain, suffix, suffixLength, older);
      at = behind;
    }
    return bytes;
  }

  private long bytes(boolean hasOlder, int suffixLength) {
    return large == null
        ? LeafRecord.bytes(hasOlder, suffixLength, valueLength)
        : LeafRecord.bytesLarge(hasOlder, suffixLength, valueLength);
  }

  private int add(LeafBuilder builder, int older, int suffix, int suffixLength) {
    return large == null
        ? builder.add(sequence, older, plain, suffix, suffixLength, valueOffset, valueLength)
        : builder.addLarge(sequence, older, plain, suffix, suffixLength, large);
  }

  private void readRevision(boolean withSequences, long newer) throws MalformedPage {
    sequence = withSequences ? number("a sequence number") : 0;
    if (sequence >= newer || sequence >= 1L << 56) {
      throw new MalformedPage("revisions that do not fall");
    }
    large = null;
    recordCount++;
    long kind = number("the length of a value");
    if (kind == 0) {
      valueLength = -1;
      valueOffset = at;
      return;
    }
    long length = (kind - 1) >>> 1;
    if (length > Limits.VALUE_BYTES_MAX) {
      throw new MalformedPage("a value of " + length + " bytes");
    }
    valueLength = (int) length;
    valueOffset = at;
    if ((kind & 1) == 1) {
      at = skip(valueLength);
      return;
    }
    at = skip(Long.BYTES);
    long number = Bytes.getLong(plain, valueOffset);
    large = values.find(number, valueLength);
    if (large == null) {
      throw new MalformedPage("the value " + number + ", of which there is no object");
    }
  }

  private int skip(int bytes) throws MalformedPage {
    if (bytes > plain.length - at) {
      throw new MalformedPage("an end within a key or a value");
    }
    return at + bytes;
  }

  private long number(String what) throws MalformedPage {
    long value = Varints.read(plain, at, plain.length);
    if (value < 0) {
      throw new MalformedPage(what + " cannot be read");
    }
    at += Varints.size(value);
    return value;
  }

  private int length(int max, String what) throws MalformedPage {
    long value = number(what);
    if (value > max) {
      throw new MalformedPage(what + " is " + value);
    }
    return (int) value;
  }
}
