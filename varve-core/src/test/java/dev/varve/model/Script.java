package dev.varve.model;

import dev.varve.kv.Durability;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Steps drawn from a seed: the same seed gives the same steps. Two keyspaces, `a` and `b`, live
/// from the first steps on; `c` comes and goes. Values are numbered, so that no two are equal, and
/// now and then one has 4 KiB, so that segments of a few KiB fill and roll.
///
/// @param seed what the steps were drawn from
/// @param steps the steps
public record Script(long seed, List<Step> steps) {
  /// How many keys a keyspace may have.
  private static final int KEYS = 24;

  private static final int LARGE_VALUE_BYTES = 4096;

  public Script {
    steps = List.copyOf(steps);
  }

  /// Draws a script of `count` steps.
  ///
  /// @param ordered whether the engine takes ranges
  public static Script draw(long seed, int count, boolean ordered) {
    return new Draw(seed, ordered).script(count);
  }

  /** The state of drawing. */
  private static final class Draw {
    private final long seed;
    private final SplittableRandom random;
    private final boolean ordered;
    private final List<Step> steps = new ArrayList<>();
    private StoreState state = StoreState.EMPTY;
    private int number;

    Draw(long seed, boolean ordered) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.ordered = ordered;
    }

    Script script(int count) {
      add(new Step.Create("a"));
      add(new Step.Create("b"));
      while (steps.size() < count - 1) {
        add(next());
      }
      add(new Step.Reopen());
      return new Script(seed, steps);
    }

    private void add(Step step) {
      steps.add(step);
      @Nullable StoreState next = state.after(step);
      state = next == null ? state : next;
    }

    private Step next() {
      int choice = random.nextInt(100);
      if (choice < 38) {
        return new Step.Put(keyspace(), key(), value(), level());
      } else if (choice < 46) {
        return new Step.Delete(keyspace(), key(), level());
      } else if (choice < 56) {
        return batch();
      } else if (choice < 60) {
        return load();
      } else if (choice < 65) {
        return new Step.PutIfAbsent(keyspace(), key(), value());
      } else if (choice < 71) {
        return swap();
      } else if (choice < 73) {
        return range();
      } else if (choice < 77) {
        return state.names().contains("c") ? new Step.Drop("c") : new Step.Create("c");
      } else if (choice < 82) {
        return new Step.Sync();
      } else if (choice < 86) {
        return new Step.Flush();
      } else if (choice < 89) {
        return new Step.TakeSnapshot();
      } else if (choice < 92) {
        return new Step.CheckSnapshot();
      } else if (choice < 97) {
        return new Step.Idle();
      }
      return new Step.Reopen();
    }

    private String keyspace() {
      int choice = random.nextInt(5);
      return choice == 4 && state.names().contains("c") ? "c" : choice % 2 == 0 ? "a" : "b";
    }

    private byte[] key() {
      return ("key " + random.nextInt(KEYS)).getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] value() {
      byte[] start = ("value " + number++ + " ").getBytes(StandardCharsets.US_ASCII);
      int length = random.nextInt(25) == 0 ? LARGE_VALUE_BYTES : start.length + random.nextInt(200);
      byte[] value = Arrays.copyOf(start, length);
      for (int i = start.length; i < length; i++) {
        value[i] = (byte) random.nextInt();
      }
      return value;
    }

    private @Nullable Durability level() {
      Durability[] levels = Durability.values();
      return random.nextInt(8) == 0 ? levels[random.nextInt(levels.length)] : null;
    }

    private Step batch() {
      List<Step.Change> changes = new ArrayList<>();
      for (int count = 2 + random.nextInt(5); count > 0; count--) {
        changes.add(
            random.nextInt(4) == 0
                ? new Step.Delete(keyspace(), key(), null)
                : new Step.Put(keyspace(), key(), value(), null));
      }
      return new Step.Batch(changes, level());
    }

    private Step load() {
      String keyspace = keyspace();
      List<Step.Put> puts = new ArrayList<>();
      for (int count = 1 + random.nextInt(12); count > 0; count--) {
        puts.add(new Step.Put(keyspace, key(), value(), null));
      }
      return new Step.Load(keyspace, puts);
    }

    private Step swap() {
      String keyspace = keyspace();
      byte[] key = key();
      byte @Nullable [] expected = random.nextInt(3) == 0 ? null : state.get(keyspace, key);
      return new Step.Swap(keyspace, key, expected, random.nextInt(4) == 0 ? null : value());
    }

    private Step range() {
      if (!ordered || random.nextInt(4) == 0) {
        return new Step.DeleteRange(keyspace(), null, null);
      }
      byte[] from = key();
      byte[] to = from.clone();
      to[to.length - 1]++;
      return new Step.DeleteRange(keyspace(), from, to);
    }
  }
}
