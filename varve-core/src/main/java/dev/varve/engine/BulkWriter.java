package dev.varve.engine;

import dev.varve.kv.IngestedFile;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.List;

/// Writes entries to files aside that an engine then takes in by an ingest
/// ([dev.varve.kv.MutationWriter#ingest]).
///
/// @threads one at a time
/// @lifetime until [#close], which deletes what was not committed
public interface BulkWriter extends AutoCloseable {
  /// Adds an entry; of several with one key the last counts.
  ///
  /// @throws java.util.concurrent.CancellationException when the engine was closed
  /// @throws IOException when the device refuses; nothing but [#close] may be called then
  void put(byte[] key, byte[] value) throws IOException;

  /// Completes the files; they are durable when the call returns, and ready to be taken in.
  ///
  /// @throws java.util.concurrent.CancellationException when the listener stopped it, or the engine
  ///   was closed
  /// @throws IOException when the device refuses
  List<IngestedFile> finish(ProgressListener listener) throws IOException;

  /// Is told, before the ingest is handed to the log, that the files may be named there from now
  /// on: [#close] leaves them alone.
  void handOver();

  /// Is told that the log has refused the ingest: the files are nobody's again.
  void takeBack();

  @Override
  void close();
}
