package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InlineBackground;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// Damage to records that no recovery needs, because the engines' files hold their commits, is
/// noticed all the same: by the opening or by a verification.
final class FlushedRecordDamageTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults().withLanes(3).withSegment(ByteSize.ofKibibytes(4));

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Store open(MemoryFileSystem fs) {
    return StoreFixture.openInline(fs, OPTIONS, new InlineBackground());
  }

  @Test
  void each_flipped_byte_of_each_segment_of_a_closed_store_is_noticed() throws Exception {
    MemoryFileSystem fs = StoreFixture.memory();
    try (Store store = open(fs)) {
      store.keyspace("k").put(b("a"), b("1"));
      store.flush();
      store.keyspace("k").put(b("b"), b("2"));
    }
    try (Store sound = open(fs.kill())) {
      assertTrue(sound.verify(true, ProgressListener.NONE).isSound());
    }
    int segments = 0;
    for (String name : fs.list(StoreFixture.DIRECTORY)) {
      if (!name.startsWith("log-")) {
        continue;
      }
      segments++;
      Path path = StoreFixture.DIRECTORY.resolve(name);
      for (int at = 0; at < fs.bytes(path).length; at++) {
        MemoryFileSystem damaged = fs.kill();
        byte[] bytes = damaged.bytes(path);
        bytes[at] ^= 4;
        damaged.replaceBytes(path, bytes);
        try (Store store = open(damaged)) {
          assertEquals(2, store.keyspace("k").count());
          assertFalse(store.verify(true, ProgressListener.NONE).isSound(), name + " byte " + at);
        } catch (CorruptionException refused) {
          assertTrue(refused.getMessage().contains(" is damaged at byte "));
        }
      }
    }
    assertEquals(3, segments);
  }
}
