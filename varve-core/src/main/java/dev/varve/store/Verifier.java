package dev.varve.store;

import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.format.StoreFileName;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import dev.varve.kv.VerifyReport;
import dev.varve.log.LogWalk;
import dev.varve.log.RecordKind;
import dev.varve.log.SegmentRange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// Checks an open store: every file; in a deep check also that the files give what readers see, and
/// that the structures in memory are whole.
///
/// @threads one at a time; flushes wait meanwhile, commits do not, but for a moment in a deep check
final class Verifier {
  private static final int COMPARE_ATTEMPTS = 10;

  private final StoreCore store;
  private final ProgressListener listener;
  private final List<String> problems = new ArrayList<>();
  private final List<String> notices = new ArrayList<>();
  private final long begun;
  private int files;
  private long bytes;
  private long entries;

  Verifier(StoreCore store, ProgressListener listener) {
    this.store = store;
    this.listener = listener;
    this.begun = store.clock().nanos();
  }

  VerifyReport run(boolean deep) {
    try {
      return store.flusher().whileStill(catalog -> run(catalog, deep));
    } catch (IOException e) {
      throw new StoreIoException("the store in " + store.directory() + " cannot be read", e);
    }
  }

  /** What readers see at one moment, and the log that led there. */
  private record Moment(
      Moments.Pin pin, List<KeyspaceState> keyspaces, List<SegmentRange> ranges) {}

  private VerifyReport run(Catalog catalog, boolean deep) throws IOException {
    Moment moment;
    store.pipeline().lockLanes();
    try {
      moment =
          new Moment(
              store.moments().pinForJob(), store.keyspaceTable().all(), store.log().ranges());
      if (deep) {
        validate(moment.keyspaces);
      }
    } finally {
      store.pipeline().unlockAll();
    }
    List<Engine.Hold> holds = moment.keyspaces.stream().map(each -> each.engine().hold()).toList();
    try (Moments.Pin pin = moment.pin) {
      verifyCatalog();
      lookForStrays(catalog, moment);
      verifyEngines(catalog, moment);
      verifyLog(moment);
      if (deep && problems.isEmpty() && !store.isEphemeral()) {
        compare(catalog, moment, pin.sequence());
      }
    } finally {
      holds.forEach(Engine.Hold::close);
    }
    return new VerifyReport(files, bytes, entries, problems, notices, elapsed());
  }

  private Duration elapsed() {
    return Duration.ofNanos(store.clock().nanos() - begun);
  }

  private void report(String task, String unit, long done, long total) {
    if (!listener.onProgress(new Progress(task, unit, done, total, elapsed()))) {
      throw new CancellationException("the check of " + store.directory() + " was stopped");
    }
  }

  private void validate(List<KeyspaceState> keyspaces) {
    for (KeyspaceState keyspace : keyspaces) {
      for (String problem : keyspace.engine().validate()) {
        problems.add("keyspace '" + keyspace.name() + "' in memory: " + problem);
      }
    }
  }

  private void verifyCatalog() throws IOException {
    if (!store.isEphemeral()) {
      int _ = store.flusher().whileCatalogStill(this::verifyCatalog);
    }
  }

  private int verifyCatalog(Catalog catalog) throws IOException {
    Path path = store.directory().resolve(StoreFileName.CATALOG);
    files++;
    try {
      byte[] found = Catalog.read(store.fileSystem(), path).encode();
      bytes += found.length;
      if (!Arrays.equals(found, catalog.encode())) {
        problems.add(path + " is not the catalog that this store wrote last");
      }
    } catch (VarveException | java.nio.file.NoSuchFileException e) {
      problems.add(path + ": " + e.getMessage());
    }
    return files;
  }

  /**
   * Tells of files beside the store's. Files that an engine is writing, or will delete, are not
   * told from orphans by looking at the directory: orphans are those that were found at open.
   */
  private void lookForStrays(Catalog catalog, Moment moment) throws IOException {
    if (store.isEphemeral()) {
      return;
    }
    Set<Integer> known = new HashSet<>();
    moment.keyspaces.forEach(keyspace -> known.add(keyspace.id()));
    // A keyspace that was made since, or dropped before a flush, is a keyspace still.
    catalog.keyspaces().forEach(entry -> known.add(entry.id()));
    List<String> names = store.fileSystem().list(store.directory());
    int nextId = store.keyspaceTable().nextId();
    Strays now =
        Strays.among(
            names,
            Set.copyOf(names),
            id -> known.contains(id) || (id >= catalog.nextKeyspace() && id < nextId));
    List<String> orphans = new ArrayList<>(store.strays().orphans());
    orphans.retainAll(names);
    notices.addAll(new Strays(now.foreign(), List.of(), now.ofNobody(), orphans).notices());
  }

  private void verifyEngines(Catalog catalog, Moment moment) throws IOException {
    Map<Integer, byte[]> states = new HashMap<>();
    catalog.keyspaces().forEach(entry -> states.put(entry.id(), entry.engineState()));
    for (KeyspaceState keyspace : moment.keyspaces) {
      // One that the catalog does not know yet may have files that the log names.
      byte[] state = states.getOrDefault(keyspace.id(), new byte[0]);
      files += keyspace.engine().files(state).size();
      bytes += keyspace.engine().verify(state, what -> problem(keyspace, what));
      report("verify files", "bytes", bytes, -1);
    }
  }

  private void verifyLog(Moment moment) throws IOException {
    for (SegmentRange range : moment.ranges) {
      files++;
      bytes += LogWalk.verify(store.logEnvironment(), range, problems::add);
      report("verify log", "bytes", bytes, -1);
    }
  }

  /**
   * Builds the state anew from the files and compares it with what readers see. What the log names
   * may be replaced by a compaction meanwhile, once the manifest has it: then it is built again.
   */
  private void compare(Catalog catalog, Moment moment, long sequence) throws IOException {
    for (int attempt = 1; ; attempt++) {
      List<Long> before = flushedThrough(moment);
      try {
        compareOnce(catalog, moment, sequence);
        return;
      } catch (CorruptionException e) {
        if (attempt == COMPARE_ATTEMPTS || before.equals(flushedThrough(moment))) {
          problems.add(String.valueOf(e.getMessage()));
          return;
        }
      }
    }
  }

  private static List<Long> flushedThrough(Moment moment) {
    return moment.keyspaces.stream().map(each -> each.engine().flushedThrough()).toList();
  }

  private void compareOnce(Catalog catalog, Moment moment, long sequence) throws IOException {
    Map<Integer, Engine> copies = new HashMap<>();
    Map<Integer, Long> held = new HashMap<>();
    MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);
    try {
      for (Catalog.Entry entry : catalog.keyspaces()) {
        Engine copy =
            store.makeEngine(
                entry.id(), entry.name(), KeyspaceOptions.parse(entry.options()), budget);
        copies.put(entry.id(), copy);
        copy.load(entry.engineState(), listener);
        held.put(entry.id(), Math.max(entry.flushedThrough(), copy.flushedThrough()));
      }
      Copies all = new Copies(copies, held, catalog.catalogThrough(), budget);
      MutationReader reader = new MutationReader();
      LogWalk.walk(
          store.logEnvironment(),
          moment.ranges,
          catalog.flushedThrough(),
          sequence,
          (kind, number, array, offset, length) -> {
            if (kind == RecordKind.COMMIT) {
              replay(all, number, reader.reset(array, offset, offset + length));
            }
          });
      for (KeyspaceState keyspace : moment.keyspaces) {
        @Nullable Engine copy = copies.get(keyspace.id());
        if (copy == null) {
          problems.add("the files know nothing of keyspace '" + keyspace.name() + "'");
        } else {
          compare(keyspace, copy, sequence);
        }
      }
    } finally {
      copies.values().forEach(Engine::close);
    }
  }

  /** Engines made of the files, and up to which commit each had its own. */
  private record Copies(
      Map<Integer, Engine> engines,
      Map<Integer, Long> held,
      long catalogThrough,
      MemoryBudget budget) {}

  private void replay(Copies copies, long number, MutationReader mutations) {
    Set<Engine> touched = new LinkedHashSet<>();
    while (mutations.next()) {
      int id = mutations.keyspace();
      switch (mutations.kind()) {
        case CREATE_KEYSPACE, DROP_KEYSPACE -> {
          if (number > copies.catalogThrough) {
            change(copies, mutations);
          }
        }
        case PUT, DELETE, DELETE_RANGE, INGEST -> {
          @Nullable Engine copy = copies.engines.get(id);
          if (copy != null && number > copies.held.getOrDefault(id, 0L)) {
            copy.apply(number, mutations);
            boolean _ = touched.add(copy);
          }
        }
      }
    }
    // Not sooner: within a commit the last mutation of a key counts.
    touched.forEach(copy -> copy.finish(number));
    if (mutations.problem() != null) {
      problems.add("commit " + number + " in the log: " + mutations.problem());
    }
  }

  /** Of a keyspace that is dropped meanwhile readers see no more than they happen to. */
  private void problem(KeyspaceState keyspace, String what) {
    if (!keyspace.isDropped()) {
      problems.add(what);
    }
  }

  /** Makes or ends a keyspace of the copies. */
  private void change(Copies copies, MutationReader mutation) {
    int id = mutation.keyspace();
    if (mutation.kind() == MutationReader.Kind.CREATE_KEYSPACE) {
      KeyspaceOptions options = KeyspaceOptions.parse(mutation.optionsText());
      copies.engines.put(id, store.makeEngine(id, mutation.name(), options, copies.budget));
      return;
    }
    @Nullable Engine dropped = copies.engines.remove(id);
    if (dropped != null) {
      dropped.close();
    }
  }

  private void compare(KeyspaceState keyspace, Engine copy, long sequence) {
    long count = 0;
    try (EngineCursor cursor = keyspace.engine().cursor(KeyRange.all(), sequence)) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        if (!Arrays.equals(cursor.value(), copy.get(cursor.key(), sequence))) {
          problem(
              keyspace,
              "keyspace '" + keyspace.name() + "': an entry differs from what the files hold");
          return;
        }
        count++;
        if (count % 4096 == 0) {
          report("compare " + keyspace.name(), "entries", count, copy.count());
        }
      }
    }
    entries += count;
    long found = 0;
    try (EngineCursor cursor = copy.cursor(KeyRange.all(), sequence)) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        found++;
      }
    }
    if (count != found) {
      problem(
          keyspace,
          "keyspace '"
              + keyspace.name()
              + "': readers see "
              + count
              + " entries, the files hold "
              + found);
    }
  }
}
