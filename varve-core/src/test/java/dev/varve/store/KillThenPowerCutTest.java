package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A process is killed, its successor goes on from what it finds in the cache, then the power goes:
/// what the successor acknowledged builds on bytes that it must have made durable first.
final class KillThenPowerCutTest {
  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** All commits are durable, the note of the checkpoint behind them is not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void records_behind_the_last_commit_are_made_durable_too(int lanes) {
    StoreOptions options = StoreOptions.defaults().withLanes(lanes);
    MemoryFileSystem fs = StoreFixture.memory();
    Store killed = StoreFixture.openInline(fs, options, new InlineBackground());
    killed.keyspace("k").put(b("a"), b("1"));
    killed.flush();
    MemoryFileSystem left = fs.kill();

    Store successor = StoreFixture.openInline(left, options, new InlineBackground());
    assertEquals(2, successor.recovery().lastSequence());
    successor.keyspace("k").put(b("b"), b("2"), Durability.SYNC);
    MemoryFileSystem cut = left.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));

    try (Store recovered = StoreFixture.openInline(cut, options, new InlineBackground())) {
      Keyspace keyspace = recovered.keyspace("k");
      assertArrayEquals(b("1"), keyspace.get(b("a")));
      assertArrayEquals(b("2"), keyspace.get(b("b")));
    }
    successor.close();
    killed.close();
  }
}
