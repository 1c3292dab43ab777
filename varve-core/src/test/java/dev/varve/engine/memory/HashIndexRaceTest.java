package dev.varve.engine.memory;

import static org.junit.jupiter.api.Assertions.assertNull;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineFixture;
import dev.varve.kv.EngineKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Readers that the scheduler stops in the middle of a look, while the writer replaces the page
/// that they look at and uses the records' memory again. More readers than processors see to the
/// stops; `-Dvarve.stress.seconds=N` has it run longer.
final class HashIndexRaceTest {
  private static final int READERS = 6;
  private static final int CHURNED = 64;
  private static final Duration LENGTH =
      Duration.ofSeconds(Long.getLong("varve.stress.seconds", 2));

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void a_key_is_found_while_its_page_is_replaced_under_the_reader() throws Exception {
    EngineFixture fixture = new EngineFixture(EngineKind.HASH, MemoryEngine::of);
    byte[] key = b("key-00");
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<@Nullable String> problem = new AtomicReference<>();
    fixture.put(key, b("v0")).commit();
    List<Thread> readers = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      readers.add(
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    while (!stop.get()) {
                      byte @Nullable [] value = fixture.engine.get(key, Engine.LATEST);
                      if (value == null || value[0] != 'v') {
                        problem.set(value == null ? "absent" : "of another key");
                        stop.set(true);
                      }
                    }
                  }));
    }
    long end = System.nanoTime() + LENGTH.toNanos();
    for (int i = 0; System.nanoTime() < end && !stop.get(); i++) {
      byte[] churned = b("other-" + i % CHURNED);
      fixture.put(churned, b("w" + i)).commit();
      fixture.put(key, b("v" + i)).commit();
      fixture.delete(churned).commit();
    }
    stop.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    assertNull(problem.get(), "a key that always has a value was " + problem.get());
  }
}
