package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The device refuses bytes of the log where nothing can be taken back: no number is left without
/// its record, and no sync is tried twice.
@Timeout(30)
final class RefusedLogTest {
  private final MemoryFileSystem memory = StoreFixture.memory();
  private final FaultFileSystem faulty = new FaultFileSystem(memory);

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Store open() {
    return StoreFixture.openInline(faulty, StoreOptions.defaults(), new InlineBackground());
  }

  /** File systems that copy on write can run out of space under bytes that were allotted. */
  @Test
  void no_space_under_a_record_that_has_its_number_fails_the_store_and_blocks_nobody() {
    Store store = open();
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("1"));
    faulty.with(
        FaultRule.when(FaultRule.kind(Kind.WRITE).and(FaultRule.path("log-.*")))
            .times(1)
            .then(new Fault.Refused(Fault.Errno.ENOSPC)));
    StoreFailedException first =
        assertThrows(StoreFailedException.class, () -> keyspace.put(b("b"), b("2")));
    StoreFailedException second =
        assertThrows(StoreFailedException.class, () -> keyspace.put(b("c"), b("3")));
    assertSame(first.getCause(), second.getCause());
    assertEquals(1, keyspace.count());
    assertThrows(StoreFailedException.class, store::close);
  }

  @Test
  void a_begin_that_could_not_be_made_durable_is_not_synced_again() {
    Store store = open();
    faulty.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE))
            .times(1)
            .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    assertThrows(StoreIoException.class, () -> store.keyspace("k"));
    // The next attempt takes another segment, which the device has no excuse for.
    store.keyspace("k").put(b("a"), b("1"), Durability.SYNC);
    MemoryFileSystem cut = memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
    try (Store left =
        StoreFixture.openInline(cut, StoreOptions.defaults(), new InlineBackground())) {
      assertEquals(1, left.keyspace("k").count());
    }
    store.close();
  }
}
