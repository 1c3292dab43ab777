package dev.varve.txn;

import dev.varve.base.Bytes;
import java.util.Arrays;

/// A key of a keyspace, as locks are known by.
///
/// It has an order, so that a hash table stays fast whoever chooses the keys, and so that many are
/// locked in one order by everybody.
///
/// @param keyspace the keyspace's number
/// @param key the key; whoever has it leaves it alone
record LockKey(int keyspace, byte[] key) implements Comparable<LockKey> {
  @Override
  public int compareTo(LockKey other) {
    int order = Integer.compare(keyspace, other.keyspace);
    return order != 0 ? order : Bytes.compare(key, other.key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LockKey same
        && keyspace == same.keyspace
        && Arrays.equals(key, same.key);
  }

  @Override
  public int hashCode() {
    int hash = 31 * Arrays.hashCode(key) + keyspace;
    return hash ^ hash >>> 16;
  }

  /// Says only how long the key is: keys do not belong in logs.
  @Override
  public String toString() {
    return "LockKey[" + keyspace + ", " + key.length + " B]";
  }
}
