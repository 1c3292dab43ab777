package dev.varve.engine.lsm.blob;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.kv.Limits;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where a value stands in a blob file: what an sstable has in the value's place.
///
/// @param file the number of the blob file
/// @param offset where the record begins in it
/// @param keyLength how many bytes of key the record has
/// @param storedLength how many bytes of value, as it is stored
/// @param valueLength how many bytes the value has
/// @param checksum that of the record's header, which is bound to its place: no other record, and
///   none of another edition of the file, is taken for it
public record BlobReference(
    long file, long offset, int keyLength, int storedLength, int valueLength, int checksum) {
  private static final int ENCODED_BYTES_MAX = 5 * Varints.SIZE_MAX + Integer.BYTES;

  /// The bytes of the record that it stands for.
  public long recordBytes() {
    return (long) BlobHeader.BYTES + keyLength + storedLength;
  }

  /// As an sstable has it.
  public byte[] encode() {
    byte[] bytes = new byte[ENCODED_BYTES_MAX];
    int at = Varints.write(bytes, 0, file);
    at = Varints.write(bytes, at, offset);
    at = Varints.write(bytes, at, keyLength);
    at = Varints.write(bytes, at, storedLength);
    at = Varints.write(bytes, at, valueLength);
    Bytes.putInt(bytes, at, checksum);
    return Arrays.copyOf(bytes, at + Integer.BYTES);
  }

  /// Reads the `length` bytes from `from`; null when they are no reference.
  public static @Nullable BlobReference decode(byte[] array, int from, int length) {
    int end = from + length - Integer.BYTES;
    long[] numbers = new long[5];
    int at = from;
    for (int i = 0; i < numbers.length; i++) {
      long number = at < end ? Varints.read(array, at, end) : Varints.MALFORMED;
      if (number == Varints.MALFORMED || number < 0) {
        return null;
      }
      numbers[i] = number;
      at += Varints.size(number);
    }
    if (at != end
        || numbers[2] < 1
        || numbers[2] > Limits.KEY_BYTES_MAX
        || numbers[3] > Integer.MAX_VALUE
        || numbers[4] > Limits.VALUE_BYTES_MAX) {
      return null;
    }
    return new BlobReference(
        numbers[0],
        numbers[1],
        (int) numbers[2],
        (int) numbers[3],
        (int) numbers[4],
        Bytes.getInt(array, end));
  }
}
