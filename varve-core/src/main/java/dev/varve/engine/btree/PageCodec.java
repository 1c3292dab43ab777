package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A leaf as bytes: `docs/format/leaf.md` has them.
///
/// @threads one at a time for an instance, which keeps its buffers
final class PageCodec {
  /* A page:
   *   1 byte    codec
   *   varint    length of what follows, before compression
   *   compressed:
   *     1 byte    1 when there are sequence numbers, else 0
   *     varint    keys
   *     varint    length of the prefix, and the prefix
   *     each key:
   *       varint    length of what follows the prefix
   *       varint    revisions; only with sequence numbers
   *       what follows the prefix
   *       each revision, newest first:
   *         varint    sequence number, or 0 when nobody reads a moment before; only with sequence numbers
   *         varint    0 for a tombstone, else 1 + 2 · length of the value, + 1 when it is kept apart
   *         the value, or the number of one that is kept apart, 8 bytes
   */

  private static final int HAS_SEQUENCES = 1;

  /** A page stays uncompressed unless compression saves one byte in this many. */
  private static final int SAVING_MIN = 8;

  private static final int PLAIN_BYTES_KEPT = 1 << 20;

  /// What the bytes of a page are not.
  static final class MalformedPage extends Exception {
    private static final long serialVersionUID = 1;

    MalformedPage(String message) {
      super(message);
    }
  }

  /// Finds values that are kept apart by their numbers.
  interface LargeValues {
    /// The value, or null when there is none of that number and length.
    @Nullable LargeValue find(long number, int length);
  }

  /// A page.
  ///
  /// @param bytes holds it
  /// @param length from the first byte on
  /// @param keys how many keys it has
  /// @param values the values that are kept apart and that it refers to
  record Page(byte[] bytes, int length, int keys, List<LargeValue> values) {}

  private final BlockCodec codec;
  private byte[] plain = new byte[16 << 10];
  private byte[] out = new byte[16 << 10];
  private int end;

  /// Writes pages compressed by a codec, a number of [BlockCodecs].
  PageCodec(int codec) {
    this.codec = BlockCodecs.forWriting(codec);
  }

  /// The page of what is kept of a leaf as of a commit.
  ///
  /// @param retention what is read as of `cut` and before
  /// @lifetime the page's bytes until the next call
  Page encode(LeafEntries entries, long[] covers, Retention retention, long cut) {
    Revisions revisions = new Revisions(entries, covers, retention, cut);
    int[] newest = orderOf(entries);
    boolean withSequences = false;
    int keys = 0;
    int first = 0;
    int last = 0;
    for (int record : newest) {
      if (revisions.of(record) > 0) {
        first = keys++ == 0 ? record : first;
        last = record;
        withSequences |= revisions.count() > 1 || retention.readsBefore(revisions.sequence(0));
      }
    }
    List<LargeValue> values = new ArrayList<>();
    end = 0;
    put(withSequences ? HAS_SEQUENCES : 0);
    putNumber(keys);
    byte[] prefix =
        keys == 0 ? new byte[0] : LeafBuilder.prefix(entries.key(first), entries.key(last));
    putNumber(prefix.length);
    putBytes(prefix, 0, prefix.length);
    for (int record : newest) {
      if (revisions.of(record) > 0) {
        encode(revisions, prefix.length, withSequences, retention, values);
      }
    }
    int length = compress();
    return new Page(out, length, keys, values);
  }

  /** The newest records in the order of their keys, beside a writer. */
  private static int[] orderOf(LeafEntries entries) {
    short[] slots = new short[entries.capacity()];
    int count = entries.copyOrder(slots);
    int[] newest = new int[count];
    for (int rank = 0; rank < count; rank++) {
      newest[rank] = entries.newestAt(slots[rank] & 0xFFFF);
    }
    return newest;
  }

  private void encode(
      Revisions revisions,
      int prefixLength,
      boolean withSequences,
      Retention retention,
      List<LargeValue> values) {
    LeafEntries entries = revisions.entries();
    byte[] records = entries.records();
    int any = revisions.record(revisions.count() - 1);
    byte[] key = entries.key(any);
    putNumber(key.length - prefixLength);
    if (withSequences) {
      putNumber(revisions.count());
    }
    putBytes(key, prefixLength, key.length - prefixLength);
    for (int i = 0; i < revisions.count(); i++) {
      if (withSequences) {
        long sequence = revisions.sequence(i);
        putNumber(retention.readsBefore(sequence) ? sequence : 0);
      }
      if (revisions.isTombstone(i)) {
        putNumber(0);
        continue;
      }
      int record = revisions.record(i);
      int length = LeafRecord.valueLength(records, record);
      LargeValue large = entries.largeOf(record);
      putNumber(1 + 2L * length + (large == null ? 0 : 1));
      if (large == null) {
        putBytes(records, LeafRecord.value(records, record), length);
      } else {
        values.add(large);
        ensure(Long.BYTES);
        Bytes.putLong(plain, end, large.number());
        end += Long.BYTES;
      }
    }
  }

  private int compress() {
    int room = 1 + Varints.SIZE_MAX + Math.max(end, codec.compressedSizeMax(end));
    if (out.length < room || out.length > PLAIN_BYTES_KEPT) {
      out = new byte[room];
    }
    int at = Varints.write(out, 1, end);
    if (codec.id() != BlockCodecs.NONE) {
      int compressed = codec.compress(plain, 0, end, out, at);
      if (compressed <= end - end / SAVING_MIN) {
        out[0] = (byte) codec.id();
        return at + compressed;
      }
    }
    out[0] = BlockCodecs.NONE;
    System.arraycopy(plain, 0, out, at, end);
    return at + end;
  }

  private void ensure(int bytes) {
    if (end + bytes > plain.length) {
      plain = Arrays.copyOf(plain, Math.max(end + bytes, 2 * plain.length));
    }
  }

  private void put(int value) {
    ensure(1);
    plain[end++] = (byte) value;
  }

  private void putNumber(long value) {
    ensure(Varints.SIZE_MAX);
    end = Varints.write(plain, end, value);
  }

  private void putBytes(byte[] source, int offset, int length) {
    ensure(length);
    System.arraycopy(source, offset, plain, end, length);
    end += length;
  }

  // Reading.

  /// The entries of a page.
  ///
  /// @throws MalformedPage when the bytes are no page
  static LeafEntries decode(byte[] page, LargeValues values) throws MalformedPage {
    return new PageReader(unpacked(page), values).read();
  }

  private static byte[] unpacked(byte[] page) throws MalformedPage {
    long length = page.length < 2 ? Varints.MALFORMED : Varints.read(page, 1, page.length);
    if (length < 0 || length > Integer.MAX_VALUE - 16) {
      throw new MalformedPage("a page without its length");
    }
    int at = 1 + Varints.size(length);
    int id = page[0];
    BlockCodec codec = BlockCodecs.forReading(id);
    if (codec == null) {
      throw new MalformedPage("a codec " + BlockCodecs.nameOf(id));
    }
    if (!codec.canHold(page.length - at, (int) length)) {
      throw new MalformedPage(page.length - at + " bytes for " + length);
    }
    byte[] plain = new byte[(int) length];
    if (!codec.decompress(page, at, page.length - at, plain, 0, plain.length)) {
      throw new MalformedPage("bytes that cannot be decompressed");
    }
    return plain;
  }
}
