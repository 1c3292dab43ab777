package dev.varve.rigs;

import dev.varve.Varve;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Counter;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/// The process that a kill rig kills: some threads write numbered commits to a store on a real
/// directory and print `thread number` when one is acknowledged; and they increment one counter,
/// all of them, and print `-1 number` for each number that they are answered.
///
/// A thread's commit of number n is decided by the seed, the thread and n: it sets a key in each of
/// two keyspaces, takes one away now and then, and sets the thread's own counter to n.
final class KillWriter {
  /// Bugs that a rig must find.
  enum Bug {
    NONE,
    /// Acknowledges a commit before it is made.
    ACKNOWLEDGES_FIRST,
    /// Makes two commits of one.
    SPLITS,
    /// Acknowledges every commit and makes all but each fiftieth.
    FORGETS,
    /// Writes another value now and then.
    GARBLES,
    /// Reads the counter that all increment, and writes it in another commit.
    RACES,
    /// Acknowledges a number of the counter before it is there.
    COUNTS_FIRST,
    /// Increments the counter twice for one number.
    COUNTS_TWICE
  }

  static final int KEYS = 200;

  /// What stands in the place of a thread for the counter that all increment.
  static final int SHARED = -1;

  private static final byte[] SHARED_KEY = "counter of all".getBytes(StandardCharsets.US_ASCII);
  private static final int VALUE_BYTES_MAX = 400;
  private static final ByteSize MEMTABLE = ByteSize.ofKibibytes(64);

  private KillWriter() {}

  /// @param arguments directory, seed, threads, bug, then the options as `name=value`
  public static void main(String[] arguments) {
    Path directory = Path.of(arguments[0]);
    long seed = Long.parseLong(arguments[1]);
    int threads = Integer.parseInt(arguments[2]);
    Bug bug = Bug.valueOf(arguments[3]);
    StoreOptions options = StoreOptions.defaults();
    for (int i = 4; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      options = options.with(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    Store store = Varve.open(directory, options);
    KeyspaceOptions engine = KeyspaceOptions.of(options.defaultEngine());
    if (engine.engine() == EngineKind.LSM) {
      // So that the kill finds it writing files.
      engine = engine.withMemtable(MEMTABLE);
    }
    Keyspace a = store.keyspace("a", engine);
    Keyspace b = store.keyspace("b", engine);
    for (int t = 0; t < threads; t++) {
      int thread = t;
      Thread _ = Thread.ofPlatform().start(() -> write(store, a, b, new Source(seed, thread, bug)));
    }
  }

  /// Where a thread's commits come from.
  ///
  /// @param seed the same in every process of a directory
  /// @param thread its number
  /// @param bug what it does wrong
  record Source(long seed, int thread, Bug bug) {
    SplittableRandom random(long number) {
      return new SplittableRandom(seed + number * 31 + thread * 1_000_003L);
    }

    byte[] counterKey() {
      return ("counter of " + thread).getBytes(StandardCharsets.US_ASCII);
    }

    byte[] key(long number) {
      return key(random(number).nextInt(KEYS));
    }

    byte[] key(int of) {
      return ("thread " + thread + " key " + of).getBytes(StandardCharsets.US_ASCII);
    }

    boolean deletes(long number) {
      return number % 7 == 0;
    }

    byte[] value(long number) {
      SplittableRandom random = random(-number);
      byte[] value = new byte[Long.BYTES + random.nextInt(VALUE_BYTES_MAX)];
      Arrays.fill(value, (byte) number);
      return ByteBuffer.wrap(value).putLong(number).array();
    }
  }

  /// The counter that all threads increment.
  static byte[] sharedKey() {
    return SHARED_KEY.clone();
  }

  private static long count(Keyspace keyspace, Bug bug) {
    Counter counter = keyspace.counter(SHARED_KEY);
    return switch (bug) {
      case RACES -> {
        long next = counter.get() + 1;
        // As long as a slow reader takes, so that another gets in between.
        LockSupport.parkNanos(100_000);
        long _ = counter.getAndSet(next);
        yield next;
      }
      case COUNTS_FIRST -> counter.increment() + 50;
      case COUNTS_TWICE -> {
        long _ = counter.increment();
        yield counter.increment() / 2;
      }
      default -> counter.increment();
    };
  }

  private static void write(Store store, Keyspace a, Keyspace b, Source source) {
    byte[] counter = a.get(source.counterKey());
    PrintStream out = System.out;
    for (long n = counter == null ? 1 : ByteBuffer.wrap(counter).getLong() + 1; ; n++) {
      if (source.bug == Bug.ACKNOWLEDGES_FIRST) {
        out.println(source.thread + " " + n);
      }
      byte[] value = source.value(n);
      if (source.bug == Bug.GARBLES && n % 20 == 0) {
        value[value.length - 1] ^= 1;
      }
      WriteBatch batch = new WriteBatch().put(a, source.key(n), value);
      if (source.bug == Bug.SPLITS) {
        store.write(batch);
        batch = new WriteBatch();
      }
      if (source.deletes(n)) {
        batch.delete(b, source.key(n));
      } else {
        batch.put(b, source.key(n), value);
      }
      batch.put(a, source.counterKey(), ByteBuffer.allocate(Long.BYTES).putLong(n).array());
      if (source.bug != Bug.FORGETS || n % 50 != 0) {
        store.write(batch);
      }
      if (source.bug != Bug.ACKNOWLEDGES_FIRST) {
        out.println(source.thread + " " + n);
      }
      out.println(SHARED + " " + count(a, source.bug));
    }
  }
}
