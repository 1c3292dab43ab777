package dev.varve.engine.lsm.blob;

import dev.varve.base.Clock;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.nio.file.Path;

/// What the blob files of one keyspace are given of their store.
///
/// @param fileSystem where they are
/// @param directory the store's directory
/// @param store the store's identity
/// @param keyspace the number of the keyspace
/// @param clock the time
public record BlobEnvironment(
    FileSystem fileSystem, Path directory, StoreId store, int keyspace, Clock clock) {
  /// Where the blob file of this number is, or will be.
  public Path path(long number) {
    return directory.resolve(StoreFileName.blob(keyspace, number));
  }
}
