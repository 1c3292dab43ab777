package dev.varve.store;

import dev.varve.base.Clock;
import dev.varve.export.ExportReader;
import dev.varve.export.ExportedKeyspace;
import dev.varve.kv.ExportReport;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/// Goes through an export from its first byte to its last.
///
/// @threads one at a time
public final class ExportCheck {
  /** A listener looks at the clock each time it is told. */
  private static final int ENTRIES_BETWEEN_REPORTS = 256;

  private final String task;
  private final Path name;
  private final ProgressListener listener;
  private final Clock clock;
  private final long beginNanos;

  ExportCheck(String task, Path name, ProgressListener listener, Clock clock) {
    this.task = task;
    this.name = name;
    this.listener = new ThrottledListener(listener, clock);
    this.clock = clock;
    this.beginNanos = clock.nanos();
  }

  /// Reads an export to its end, and checks every byte of it.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged, cut off, or no export
  /// @throws dev.varve.kv.FormatException when it was written by a newer version
  /// @throws StoreIoException when the stream refuses
  /// @throws CancellationException when the listener stopped it
  public static ExportReport check(InputStream source, Path name, ProgressListener listener) {
    ExportCheck check = new ExportCheck("check", name, listener, Clock.SYSTEM);
    return check.run(source, NOTHING);
  }

  /// What is done with what is read.
  interface Receiver {
    /// Takes notice of what there is, before any entry.
    void begin(List<ExportedKeyspace> keyspaces);

    /// Takes an entry of a keyspace, by its index.
    void put(int keyspace, byte[] key, byte[] value);

    /// Takes notice that a keyspace has no more entries.
    void end(int keyspace);
  }

  private static final Receiver NOTHING =
      new Receiver() {
        @Override
        public void begin(List<ExportedKeyspace> keyspaces) {}

        @Override
        public void put(int keyspace, byte[] key, byte[] value) {}

        @Override
        public void end(int keyspace) {}
      };

  /// Hands what is read to `receiver`, then checks that the export is whole.
  ExportReport run(InputStream source, Receiver receiver) {
    try {
      ExportReader reader = new ExportReader(source, name);
      receiver.begin(reader.keyspaces());
      List<ExportReport.Keyspace> reported = new ArrayList<>();
      for (ExportedKeyspace each : reader.keyspaces()) {
        long entries = read(reader, receiver, reported.size());
        reported.add(new ExportReport.Keyspace(each.name(), each.options(), entries));
      }
      reader.end();
      report(reader, reader.position());
      return new ExportReport(
          reader.envelope().number(), reported, reader.entries(), reader.position(), elapsed());
    } catch (IOException e) {
      throw new StoreIoException("the export " + name + " cannot be read", e);
    }
  }

  private long read(ExportReader reader, Receiver receiver, int keyspace) throws IOException {
    long entries = 0;
    while (reader.next()) {
      receiver.put(keyspace, reader.key(), reader.value());
      if (++entries % ENTRIES_BETWEEN_REPORTS == 0) {
        report(reader, -1);
      }
    }
    receiver.end(keyspace);
    return entries;
  }

  private Duration elapsed() {
    return Duration.ofNanos(clock.nanos() - beginNanos);
  }

  private void report(ExportReader reader, long total) {
    Progress progress = new Progress(task, "bytes", reader.position(), total, elapsed());
    if (!listener.onProgress(progress)) {
      throw new CancellationException("the " + task + " of " + name + " was stopped");
    }
  }
}
