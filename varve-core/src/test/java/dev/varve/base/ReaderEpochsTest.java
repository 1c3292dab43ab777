package dev.varve.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ReaderEpochsTest {
  @Test
  void a_reader_inside_lets_the_epoch_move_once_and_no_further() {
    ReaderEpochs epochs = new ReaderEpochs(2);
    int token = epochs.enter();
    assertTrue(epochs.tryAdvance());
    assertFalse(epochs.tryAdvance());
    epochs.exit(token);
    assertTrue(epochs.tryAdvance());
  }

  /** Engines of one store share the epochs, and a deep check builds engines beside the writers. */
  @Test
  void the_epoch_only_grows_whoever_moves_it() throws Exception {
    ReaderEpochs epochs = new ReaderEpochs(2);
    long begin = epochs.epoch();
    AtomicBoolean fell = new AtomicBoolean();
    AtomicLong moves = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    long last = 0;
                    long own = 0;
                    for (int round = 0; round < 1_000_000; round++) {
                      own += epochs.tryAdvance() ? 1 : 0;
                      long now = epochs.epoch();
                      if (now < last) {
                        fell.set(true);
                      }
                      last = now;
                    }
                    moves.addAndGet(own);
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertFalse(fell.get(), "the epoch went back");
    assertEquals(begin + moves.get(), epochs.epoch(), "some moves were made twice");
  }
}
