package dev.varve.log;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.nio.file.Path;

/// What the log needs of its surroundings.
///
/// @param fileSystem where its files are
/// @param directory the store's directory
/// @param store the store's identity
/// @param clock the time
/// @param background for work that nobody waits for
/// @param failure set by the log when a write or sync fails
public record LogEnvironment(
    FileSystem fileSystem,
    Path directory,
    StoreId store,
    Clock clock,
    Background background,
    FailureLatch failure) {

  /// Where a segment is.
  Path path(SegmentPlace place) {
    return directory.resolve(StoreFileName.segment(place.lane(), place.number()));
  }
}
