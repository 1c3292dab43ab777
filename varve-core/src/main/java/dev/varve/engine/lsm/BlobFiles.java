package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.engine.lsm.version.Version.BlobFile;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// The blob files of an engine: begins them, opens them, knows them from sstables by their numbers.
///
/// @threads safe
final class BlobFiles {
  private final BlobEnvironment environment;
  private final int codec;

  /** The numbers of all blob files that were begun or opened. */
  private final Set<Long> numbers = ConcurrentHashMap.newKeySet();

  BlobFiles(EngineContext context, int codec) {
    this.environment =
        new BlobEnvironment(
            context.fileSystem(),
            context.directory(),
            context.store(),
            context.keyspace(),
            context.clock());
    this.codec = codec;
  }

  Path path(long number) {
    return environment.path(number);
  }

  /// Whether this number is that of a blob file.
  boolean has(long number) {
    return numbers.contains(number);
  }

  /// Is told that a file was deleted, or will be when the store is opened again.
  void forget(long number) {
    numbers.remove(number);
  }

  /// Begins the file of this number.
  ///
  /// @throws IOException when the device refuses
  BlobWriter begin(long number) throws IOException {
    numbers.add(number);
    return new BlobWriter(environment, number, codec);
  }

  /// Opens a file that a version has.
  ///
  /// @throws CorruptionException when it is damaged or not the one that the version means
  /// @throws IOException when the device refuses
  BlobReader open(BlobFile known) throws IOException {
    numbers.add(known.number());
    BlobReader reader = open(known.number());
    if (reader.info().size() != known.fileBytes()) {
      reader.release();
      throw new CorruptionException(
          path(known.number()),
          reader.info().size(),
          "a blob file of " + known.fileBytes() + " bytes",
          reader.info().size() + " bytes");
    }
    return reader;
  }

  /// Opens the file of this number.
  ///
  /// @throws CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  BlobReader open(long number) throws IOException {
    return BlobReader.open(environment, number);
  }

  /// Opens files that a version has: all or none.
  ///
  /// @throws CorruptionException when one is damaged or not the one that the version means
  /// @throws IOException when the device refuses
  Map<Long, BlobReader> open(List<BlobFile> known) throws IOException {
    Map<Long, BlobReader> readers = new HashMap<>();
    try {
      for (BlobFile blob : known) {
        readers.put(blob.number(), open(blob));
      }
      return readers;
    } catch (Throwable failure) {
      release(readers);
      throw failure;
    }
  }

  static void release(Map<Long, BlobReader> readers) throws IOException {
    for (BlobReader reader : readers.values()) {
      reader.release();
    }
  }

  /// Reads files as they are on the device now, and reports each problem; answers how many bytes
  /// they have.
  ///
  /// @throws IOException when the device refuses
  long verify(List<BlobFile> blobs, Consumer<String> problems) throws IOException {
    long bytes = 0;
    for (BlobFile blob : blobs) {
      bytes += blob.fileBytes();
      try {
        BlobReader fresh = open(blob);
        try {
          fresh.verify();
        } finally {
          fresh.release();
        }
      } catch (NoSuchFileException e) {
        problems.accept(path(blob.number()) + " is missing");
      } catch (CorruptionException e) {
        problems.accept(String.valueOf(e.getMessage()));
      }
    }
    return bytes;
  }
}
