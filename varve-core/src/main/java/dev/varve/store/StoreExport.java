package dev.varve.store;

import dev.varve.export.ExportWriter;
import dev.varve.export.ExportedKeyspace;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.kv.Cursor;
import dev.varve.kv.ExportReport;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/// Writes an open store to a stream, as of one moment.
///
/// @threads one at a time; readers and writers go on
final class StoreExport {
  /** A listener looks at the clock each time it is told. */
  private static final int ENTRIES_BETWEEN_REPORTS = 256;

  private final OpenStore owner;
  private final StoreCore store;
  private final ProgressListener listener;
  private final long beginNanos;
  private long done;
  private long total;

  StoreExport(OpenStore owner, ProgressListener listener) {
    this.owner = owner;
    this.store = owner.core();
    this.listener = listener;
    this.beginNanos = store.clock().nanos();
  }

  /** The keyspaces that there are at a moment. */
  private record Moment(StoreSnapshot snapshot, List<StoreKeyspace> keyspaces)
      implements AutoCloseable {
    @Override
    public void close() {
      snapshot.close();
    }
  }

  /** With every lane taken no keyspace is made or dropped. */
  private Moment moment() {
    CommitPipeline pipeline = store.pipeline();
    pipeline.lockLanes();
    try {
      pipeline.requireOpen();
      List<StoreKeyspace> keyspaces =
          store.keyspaceTable().allByName().stream().map(owner::handle).toList();
      return new Moment(StoreSnapshot.open(owner), keyspaces);
    } finally {
      pipeline.unlockAll();
    }
  }

  ExportReport run(OutputStream target) {
    try (Moment moment = moment()) {
      return write(moment, target);
    } catch (IOException e) {
      throw new StoreIoException("the export of " + store.directory() + " cannot be written", e);
    }
  }

  private ExportReport write(Moment moment, OutputStream target) throws IOException {
    long sequence = moment.snapshot().sequenceNumber();
    List<ExportedKeyspace> listed = new ArrayList<>();
    for (StoreKeyspace each : moment.keyspaces()) {
      listed.add(new ExportedKeyspace(each.name(), each.options().toText()));
      total += each.keyspace().engine().count();
    }
    Envelope envelope =
        Envelope.of(FileKind.EXPORT, store.id(), 0, sequence, store.clock().wallMillis());
    ExportWriter writer = new ExportWriter(target, envelope, listed);
    List<ExportReport.Keyspace> reported = new ArrayList<>();
    for (StoreKeyspace each : moment.keyspaces()) {
      long before = done;
      try (Cursor cursor = each.at(moment.snapshot()).cursor()) {
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          writer.put(cursor.key(), cursor.value());
          if (++done % ENTRIES_BETWEEN_REPORTS == 0) {
            report();
          }
        }
      }
      writer.endKeyspace();
      reported.add(new ExportReport.Keyspace(each.name(), each.options().toText(), done - before));
    }
    writer.end();
    total = done;
    report();
    return new ExportReport(sequence, reported, done, writer.bytes(), elapsed());
  }

  private Duration elapsed() {
    return Duration.ofNanos(store.clock().nanos() - beginNanos);
  }

  private void report() {
    // Of some engines the number of entries is a guess.
    Progress progress = new Progress("export", "entries", done, Math.max(done, total), elapsed());
    if (!listener.onProgress(progress)) {
      throw new CancellationException("the export of " + store.directory() + " was stopped");
    }
  }
}
