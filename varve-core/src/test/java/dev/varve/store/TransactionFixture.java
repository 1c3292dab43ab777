package dev.varve.store;

import dev.varve.base.Bytes;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// What tests of transactions share.
public final class TransactionFixture {
  private TransactionFixture() {}

  /// Options of a store that flushes often.
  public static StoreOptions options() {
    return StoreOptions.defaults()
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofKibibytes(64))
        .withCheckpointAfter(ByteSize.ofKibibytes(256));
  }

  /// A keyspace of each engine's own name.
  public static Keyspace keyspace(Store store, EngineKind engine) {
    return store.keyspace("of " + engine, KeyspaceOptions.of(engine));
  }

  /// Text as bytes.
  public static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Bytes as text; null stays null.
  public static @Nullable String s(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  /// A number as bytes.
  public static byte[] n(long number) {
    byte[] bytes = new byte[Long.BYTES];
    Bytes.putLongBigEndian(bytes, 0, number);
    return bytes;
  }

  /// The number at a key, or -1.
  public static long number(KeyspaceView view, byte[] key) {
    byte @Nullable [] value = view.get(key);
    return value == null ? -1 : Bytes.getLongBigEndian(value, 0);
  }
}
