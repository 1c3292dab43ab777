package dev.varve.engine.btree.heap;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// A step of a script for heaps. Each makes sense, if only by doing nothing, in every state: so a
/// script of which steps were left out is one still.
sealed interface HeapStep {
  /// Stores an object of this name, in the place of the one that there is.
  ///
  /// @param name 0 to [#NAMES] - 1
  record Put(int name, int bytes) implements HeapStep {}

  /// Frees the object of this name, if there is one.
  record Delete(int name) implements HeapStep {}

  /// Ends the batch.
  record Commit(boolean defragments) implements HeapStep {}

  /// Gives the batch up.
  record GiveUp() implements HeapStep {}

  /// Pins the moment.
  record Pin() implements HeapStep {}

  /// Reads everything that the oldest pin keeps, and closes it.
  record Unpin() implements HeapStep {}

  /// Enters a reader epoch and looks at all objects.
  record Enter() implements HeapStep {}

  /// Reads what was looked at, and leaves.
  record Exit() implements HeapStep {}

  /// Closes and opens again.
  record Reopen() implements HeapStep {}

  /// Has the catalog take note of the state.
  record Note() implements HeapStep {}

  /// How many names there are.
  int NAMES = 60;

  /// Draws a script.
  static List<HeapStep> script(long seed, int steps) {
    SplittableRandom random = new SplittableRandom(seed);
    List<HeapStep> script = new ArrayList<>();
    int names = 5 + random.nextInt(NAMES - 4);
    boolean reopens = random.nextBoolean();
    while (script.size() < steps) {
      for (int changes = random.nextInt(random.nextInt(4) == 0 ? 40 : 6); changes > 0; changes--) {
        script.add(
            random.nextInt(3) == 0
                ? new Delete(random.nextInt(names))
                : new Put(random.nextInt(names), size(random)));
      }
      script.add(random.nextInt(10) == 0 ? new GiveUp() : new Commit(random.nextInt(4) > 0));
      switch (random.nextInt(12)) {
        case 0 -> script.add(new Pin());
        case 1 -> script.add(new Unpin());
        case 2 -> script.add(new Enter());
        case 3, 4 -> script.add(new Exit());
        case 5 -> script.add(reopens ? new Reopen() : new Note());
        case 6 -> script.add(new Note());
        default -> {}
      }
    }
    return script;
  }

  private static int size(SplittableRandom random) {
    return switch (random.nextInt(12)) {
      case 0 -> random.nextInt(5000);
      case 1 -> random.nextInt(20) == 0 ? random.nextInt(30_000) : random.nextInt(900);
      case 2 -> 0;
      default -> random.nextInt(300);
    };
  }
}
