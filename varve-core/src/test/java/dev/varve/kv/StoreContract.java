package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.StoreGuard;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/// What the contracts of a store's keyspaces have in common: a store with one keyspace, which is
/// verified and closed after each test.
@ExtendWith(StoreGuard.class)
abstract class StoreContract {
  Store store;
  Keyspace keyspace;
  boolean ordered;

  /// The engine to test.
  protected abstract EngineKind engine();

  /// Opens the test's store, again with what it held before.
  protected abstract Store open();

  /// What the test's keyspace is made with.
  protected KeyspaceOptions options() {
    return KeyspaceOptions.of(engine());
  }

  @BeforeEach
  void begin() {
    store = open();
    keyspace = store.keyspace("test", options());
    ordered = engine().isOrdered();
  }

  @AfterEach
  void end() {
    assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
    assertEquals(0, store.stats().snapshots(), "every cursor and snapshot was closed");
    store.close();
  }

  void reopen() {
    store.close();
    store = open();
    keyspace = store.findKeyspace("test").orElseThrow();
  }

  static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String s(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  List<String> keys(KeyRange range) {
    List<String> keys = new ArrayList<>();
    try (Cursor cursor = keyspace.cursor(range)) {
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        keys.add(s(cursor.key()));
      }
    }
    if (!ordered) {
      keys.sort(null);
    }
    return keys;
  }

  void fill(String... keys) {
    for (String key : keys) {
      keyspace.put(b(key), b("v" + key));
    }
  }
}
