package dev.varve.cli.quickstart;

import dev.varve.cli.console.Console;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Writes numbered entries from several threads, durably, and tells each number on standard output
/// once its write is acknowledged, until the process is killed.
public final class DurableWriter {
  /// The keyspace that it writes to.
  static final String KEYSPACE = "acknowledged";

  /// The level of each thread.
  static final List<Durability> THREADS =
      List.of(Durability.SYNC, Durability.GROUP, Durability.GROUP);

  private final Keyspace keyspace;
  private final Console console;

  /// A writer to a store that tells on a console.
  public DurableWriter(Store store, Console console) {
    this.keyspace = store.keyspace(KEYSPACE, KeyspaceOptions.of(EngineKind.RBTREE));
    this.console = console;
  }

  /// Writes for ever, or until a write fails or an end is asked for.
  public void run() {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS.size(); i++) {
      int thread = i;
      threads.add(Thread.ofPlatform().name("varve-writer-" + i).start(() -> write(thread)));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void write(int thread) {
    for (long number = 1; !console.interruption().isAsked(); number++) {
      keyspace.put(key(thread, number), value(thread, number), THREADS.get(thread));
      synchronized (console) {
        console.line(thread + " " + number);
        console.flush();
      }
    }
  }

  /** The key of a thread's number. */
  static byte[] key(int thread, long number) {
    return String.format(Locale.ROOT, "%d/%010d", thread, number)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Its value, which no other number has. */
  static byte[] value(int thread, long number) {
    return ("the write " + number + " of thread " + thread + ", acknowledged when durable")
        .getBytes(StandardCharsets.US_ASCII);
  }
}
