package dev.varve.engine.lsm;

import dev.varve.engine.BulkWriter;
import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.kv.IngestedFile;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Writes the entries of a bulk load to sstables aside.
///
/// @threads one at a time; [#stop] at any time
final class LsmBulkWriter implements BulkWriter {
  /* A buffer gathers entries. A full one is sorted and, where all of it is behind what was written so
   * far, appended to that: what comes in order is written once. The first that is not ends this; it
   * and those after it are runs of their own, without filters, and all runs are merged at the end. So
   * that a merge reads a bounded number of runs, so many of one tier are merged to one of the next. */

  private static final int BUFFER_BYTES_MAX = 256 << 20;
  private static final int FAN_IN_MIN = 4;
  private static final int FAN_IN_MAX = 32;

  /** What a run that is being merged holds of its file, about. */
  private static final long RUN_BYTES = 320 << 10;

  private static final int LOOK_ENTRIES = 4096;

  /**
   * Files that follow each other in key order. Runs of the same tier are of about the same size.
   */
  private record Run(List<SstableInfo> files, int tier) {}

  private final EngineContext context;
  private final LsmIngest ingest;
  private final LsmFiles files;
  private final long fileBytes;
  private final int fanIn;
  private final SortBuffer buffer;
  private final long begun;

  /** Held while files are written, so that whoever stops it waits for that. */
  private final ReentrantLock working = new ReentrantLock();

  private final List<Run> runs = new ArrayList<>();

  /** What comes in order, as long as it does; null from then on. */
  private @Nullable RunWriter direct;

  private byte @Nullable [] directLast;
  private final Map<Long, SstableReader> finished = new HashMap<>();
  private List<SstableInfo> result = List.of();
  private long puts;
  private boolean handedOver;
  private volatile boolean stopped;
  private boolean closed;

  LsmBulkWriter(
      EngineContext context, LsmIngest ingest, LsmFiles files, long fileBytes, long bufferBytes) {
    this.context = context;
    this.ingest = ingest;
    this.files = files;
    this.fileBytes = fileBytes;
    this.begun = context.clock().nanos();
    this.fanIn = Math.clamp(context.budget().bytesMax() / 8 / RUN_BYTES, FAN_IN_MIN, FAN_IN_MAX);
    this.buffer = new SortBuffer(context.budget(), (int) Math.min(bufferBytes, BUFFER_BYTES_MAX));
    this.direct = new RunWriter(files, files.options(), fileBytes);
  }

  @Override
  public void put(byte[] key, byte[] value) throws IOException {
    requireWanted();
    puts++;
    if (!buffer.add(key, value)) {
      spill();
      if (!buffer.add(key, value)) {
        throw new IllegalStateException("an empty buffer takes any entry");
      }
    }
  }

  private void requireWanted() {
    if (stopped || closed || ingest.isClosed()) {
      throw new CancellationException("the keyspace was closed");
    }
  }

  private void spill() throws IOException {
    working.lock();
    try {
      requireWanted();
      if (!appendDirect()) {
        try (RunWriter writer = newRun()) {
          write(buffer.entries(), writer);
          runs.add(new Run(finish(writer), 0));
        }
        mergeTiers();
      }
      buffer.clear();
    } finally {
      working.unlock();
    }
  }

  private RunWriter newRun() {
    return new RunWriter(files, files.options().withFalsePositives(1), fileBytes);
  }

  /** Appends the buffer to what came in order, if it goes on there. */
  private boolean appendDirect() throws IOException {
    buffer.sort();
    RunWriter own = direct;
    byte[] last = directLast;
    if (own == null) {
      return false;
    }
    if (last != null && !buffer.isBehind(last)) {
      direct = null;
      try (own) {
        runs.add(new Run(finish(own), 0));
      }
      return false;
    }
    write(buffer.entries(), own);
    directLast = buffer.lastKey();
    return true;
  }

  private void write(SortedEntries entries, RunWriter writer) throws IOException {
    try {
      for (long i = 1; entries.next(); i++) {
        writer.add(entries);
        if (i % LOOK_ENTRIES == 0) {
          requireWanted();
        }
      }
    } catch (Throwable failure) {
      if (writer != direct) {
        discard(writer.files());
      }
      throw failure;
    }
  }

  /** While the last runs are so many of one tier, makes one of the next tier of them. */
  private void mergeTiers() throws IOException {
    while (runs.size() >= fanIn) {
      List<Run> last = List.copyOf(runs.subList(runs.size() - fanIn, runs.size()));
      int tier = last.getLast().tier;
      if (last.getFirst().tier != tier) {
        return;
      }
      try (RunWriter writer = newRun()) {
        merge(last, null, writer, ProgressListener.NONE);
        Run merged = new Run(finish(writer), tier + 1);
        runs.removeAll(last);
        runs.add(merged);
      }
      last.forEach(run -> discard(run.files));
    }
  }

  /** Merges runs, oldest first, and the buffer behind them. */
  private void merge(
      List<Run> merged, @Nullable SortBuffer youngest, RunWriter writer, ProgressListener listener)
      throws IOException {
    List<SortedEntries> sources = new ArrayList<>();
    for (Run run : merged) {
      sources.add(new RunFiles(files, run.files));
    }
    if (youngest != null) {
      sources.add(youngest.entries());
    }
    long bytes = merged.size() * RUN_BYTES;
    context.budget().use(bytes);
    try {
      merge(new RunMerge(sources), writer, listener);
    } catch (Throwable failure) {
      discard(writer.files());
      throw failure;
    } finally {
      context.budget().use(-bytes);
      for (SortedEntries source : sources) {
        source.close();
      }
    }
  }

  private void merge(RunMerge merge, RunWriter writer, ProgressListener listener)
      throws IOException {
    byte[] key = new byte[64];
    long done = 0;
    while (merge.isValid()) {
      SortedEntries entry = merge.entry();
      writer.add(entry);
      int length = entry.keyLength();
      key = key.length < length ? new byte[2 * length] : key;
      System.arraycopy(entry.keyArray(), entry.keyOffset(), key, 0, length);
      do {
        if (++done % LOOK_ENTRIES == 0) {
          requireWanted();
          report(listener, done);
        }
      } while (merge.advance(key, length));
    }
    report(listener, puts);
  }

  private void report(ProgressListener listener, long done) {
    String task = "bulk load " + context.name();
    Duration elapsed = Duration.ofNanos(context.clock().nanos() - begun);
    if (!listener.onProgress(new Progress(task, "entries", done, puts, elapsed))) {
      throw new CancellationException("stopped: " + task);
    }
  }

  @Override
  public List<IngestedFile> finish(ProgressListener listener) throws IOException {
    working.lock();
    try {
      requireWanted();
      report(listener, 0);
      result = buffer.isEmpty() && runs.isEmpty() ? finishDirect() : complete(listener);
      List<IngestedFile> named = new ArrayList<>();
      for (SstableInfo info : result) {
        SstableReader reader = files.openAside(info.number(), 0);
        finished.put(info.number(), reader);
        named.add(
            new IngestedFile(info.number(), info.size(), info.properties().entries(), info.seed()));
      }
      buffer.close();
      return named;
    } finally {
      working.unlock();
    }
  }

  private List<SstableInfo> finish(RunWriter writer) throws IOException {
    try {
      return writer.finish();
    } catch (Throwable failure) {
      discard(writer.files());
      throw failure;
    }
  }

  private List<SstableInfo> finishDirect() throws IOException {
    RunWriter own = direct;
    return own == null ? List.of() : own.finish();
  }

  private List<SstableInfo> complete(ProgressListener listener) throws IOException {
    if (runs.isEmpty() && appendDirect()) {
      return finishDirect();
    }
    buffer.sort();
    try (RunWriter writer = new RunWriter(files, files.options(), fileBytes)) {
      merge(runs, buffer, writer, listener);
      List<SstableInfo> made = finish(writer);
      runs.forEach(run -> discard(run.files));
      runs.clear();
      return made;
    }
  }

  private void discard(RunWriter writer) {
    try {
      writer.close();
    } catch (IOException _) {
      // What it had begun is an orphan, which goes when the store is opened again.
      return;
    } finally {
      discard(writer.files());
    }
  }

  private void discard(List<SstableInfo> infos) {
    infos.forEach(info -> files.discard(info.number()));
  }

  @Override
  public void handOver() {
    handedOver = true;
    ingest.prepare(finished);
  }

  @Override
  public void takeBack() {
    ingest.forget(finished.keySet());
    handedOver = false;
  }

  /// Has it end, and waits for what it writes; nothing is left of it.
  void stop() {
    stopped = true;
    close();
  }

  @Override
  public void close() {
    working.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      buffer.close();
      if (!handedOver) {
        abandon();
      }
    } finally {
      working.unlock();
      ingest.ended(this);
    }
  }

  private void abandon() {
    LsmIngest.release(finished.values());
    RunWriter own = direct;
    if (own != null) {
      discard(own);
    }
    discard(result);
    runs.forEach(run -> discard(run.files));
  }
}
