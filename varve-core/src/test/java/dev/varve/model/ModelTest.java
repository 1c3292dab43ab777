package dev.varve.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.store.StoreFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every engine answers as the model does, whatever is done; the metamorphic rig goes on from here
/// with many options.
final class ModelTest {
  private static final long SEED = Long.getLong("varve.seed", 1);
  private static final int STEPS = 1_500;

  /** A store on a file system in memory, whose background work is done at once. */
  private static final class Life implements StoreLife {
    private final EngineKind engine;
    private MemoryFileSystem fs = new MemoryFileSystem();
    private InlineBackground background = new InlineBackground();
    private Store store;

    Life(EngineKind engine) {
      this.engine = engine;
      this.store = open();
    }

    private Store open() {
      background = new InlineBackground();
      return StoreFixture.openInline(
          fs,
          StoreOptions.defaults()
              .withSegment(ByteSize.ofKibibytes(64))
              .withCheckpointAfter(ByteSize.ofKibibytes(64))
              .withMemory(ByteSize.ofMebibytes(32)),
          background);
    }

    @Override
    public Store store() {
      return store;
    }

    @Override
    public KeyspaceOptions options(String keyspace) {
      KeyspaceOptions options = KeyspaceOptions.of(engine);
      return engine.isResident() ? options : options.withMemtable(ByteSize.ofKibibytes(64));
    }

    @Override
    public String perform(boolean waits, Supplier<String> operation) {
      return operation.get();
    }

    @Override
    public void idle() {
      background.runDelayed();
    }

    @Override
    public void reopen(boolean held) {
      store.close();
      assertTrue(held || fs.openFiles().isEmpty());
      store = open();
    }

    private void end(MemoryFileSystem left) {
      store.close();
      fs = left;
      store = open();
    }

    @Override
    public void kill() {
      end(fs.kill());
    }

    @Override
    public void cut(CrashImage image) {
      end(fs.crash(image));
    }

    @Override
    public void close() {
      store.close();
      assertEquals(List.of(), fs.openFiles());
    }
  }

  @ParameterizedTest
  @EnumSource
  void an_engine_answers_as_its_model_says(EngineKind engine) {
    for (long seed = SEED; seed < SEED + 2; seed++) {
      List<String> history = new ArrayList<>();
      Life life = new Life(engine);
      OperationList list = OperationDraw.draw(seed, STEPS, engine.isOrdered());
      assertNull(ModelCheck.run(list, life, history::add), "seed " + seed);
      life.close();
      assertEquals(STEPS + 1, history.size());
      // Most operations find what they are about.
      assertTrue(history.stream().filter(line -> line.contains("-> no ")).count() < STEPS / 5);
    }
  }

  /** Answers one question wrong. */
  private static Difference lied(String list, String keyspace) {
    Life life = new Life(EngineKind.RBTREE);
    try {
      return ModelCheck.run(
          OperationList.parse(list),
          life,
          line -> {
            if (line.startsWith("idle")) {
              life.store().findKeyspace(keyspace).orElseThrow().put(new byte[] {'k'}, new byte[1]);
            }
          });
    } finally {
      life.close();
    }
  }

  @Test
  void a_wrong_answer_is_noticed_by_what_asks_and_in_the_end_by_looking_at_everything() {
    Difference asked = lied("create a\nidle\nget a k\n", "a");
    assertNotNull(asked);
    assertEquals("operation 3, get a k: expected -, found \"\\x00\"", asked.toString());
    Difference looked = lied("create a\nidle\n", "a");
    assertNotNull(looked);
    assertTrue(looked.toString().contains("keyspace a, key k: expected -, found"), "" + looked);
    Difference reopened = lied("create a\nidle\nreopen\n", "a");
    assertNotNull(reopened);
    assertTrue(reopened.toString().contains("recovered 2 commits of 1"), "" + reopened);
  }

  @Test
  void what_is_left_out_of_a_list_leaves_a_list() {
    List<Operation> drawn = OperationDraw.draw(SEED, 600, true).operations();
    for (int stride = 2; stride < 6; stride++) {
      List<Operation> some = new ArrayList<>();
      for (int i = 0; i < drawn.size(); i += stride) {
        some.add(drawn.get(i));
      }
      Life life = new Life(EngineKind.RBTREE);
      assertNull(ModelCheck.run(OperationList.of(some), life, line -> {}));
      life.close();
    }
  }
}
