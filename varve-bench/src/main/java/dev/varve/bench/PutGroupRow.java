package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Puts of many threads at GROUP, beside those of one thread at SYNC.
///
/// Hypothesis: while one sync runs the other threads' records gather for the next, so that
/// throughput grows with the threads.
final class PutGroupRow implements Row {
  private static final String ONE = "varve SYNC, 1 thread";
  private static final String PLATFORM = "varve GROUP, 16 threads";
  private static final String VIRTUAL = "varve GROUP, 16 virtual";
  private static final int THREADS = 16;
  private static final int TURNS = 6;

  @Override
  public String name() {
    return "put-group-16";
  }

  @Override
  public String about() {
    return "16 threads put 16 + 100 B at GROUP";
  }

  @Override
  public List<String> processes() {
    return List.of("all");
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(ONE);
  }

  @Override
  public List<Target> targets() {
    return List.of(
        Target.ratio(PLATFORM, "commits", ONE, 4, "at least 4 times one thread"),
        Target.ratio(VIRTUAL, "commits", ONE, 4, "at least 4 times one thread"));
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Path directory = run.fresh("store");
    try (Store store = Varve.open(directory, StoreOptions.defaults())) {
      Keyspace keyspace = SyncBlocks.keyspace(store);
      SyncBlocks blocks = new SyncBlocks(run);
      SyncBlocks.alternate(
          run.count(TURNS),
          List.of(
              blocks.put(keyspace, ONE),
              blocks.putTogether(keyspace, PLATFORM, THREADS, Thread.ofPlatform()),
              blocks.putTogether(keyspace, VIRTUAL, THREADS, Thread.ofVirtual())));
    } finally {
      Run.remove(directory);
    }
  }
}
