package dev.varve.format;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.base.RandomSource;
import java.util.UUID;

/// The identity of a store, drawn when it is made, so that a file of one store is never taken for
/// one of another.
///
/// @param high the first eight bytes
/// @param low the other eight
public record StoreId(long high, long low) {
  /// Draws an identity.
  public static StoreId draw(RandomSource random) {
    return new StoreId(random.nextLong(), random.nextLong());
  }

  /// What every checksum of the store's records is XORed with, so that records of another store
  /// never check out.
  public int salt() {
    byte[] bytes = new byte[2 * Long.BYTES];
    Bytes.putLong(bytes, 0, high);
    Bytes.putLong(bytes, Long.BYTES, low);
    return Checksum.of(bytes);
  }

  @Override
  public String toString() {
    return new UUID(high, low).toString();
  }
}
