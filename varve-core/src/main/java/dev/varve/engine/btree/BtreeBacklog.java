package dev.varve.engine.btree;

import dev.varve.engine.WriteThrottle;
import dev.varve.events.StallEvent;
import org.jspecify.annotations.Nullable;

/// Leaves that changed and are not written.
///
/// @threads safe
final class BtreeBacklog implements WriteThrottle.Backlog {
  private final BtreeSettings settings;
  private final FlushEpochs epochs;
  private final BtreeFlush flush;

  BtreeBacklog(BtreeSettings settings, FlushEpochs epochs, BtreeFlush flush) {
    this.settings = settings;
    this.epochs = epochs;
    this.flush = flush;
  }

  @Override
  public double share() {
    // One half is being written while the other is filled.
    long half = Math.max(1, settings.dirtyBytesMax() / 2);
    return WriteThrottle.share(WriteThrottle.debt(epochs.dirtyBytes(), half));
  }

  @Override
  public void request() {
    flush.request();
  }

  @Override
  public @Nullable Exception failure() {
    return flush.failure();
  }

  @Override
  public String text() {
    return "changed leaves of " + epochs.dirtyBytes() + " bytes";
  }

  @Override
  public void describe(StallEvent event) {
    event.dirtyBytes = epochs.dirtyBytes();
  }
}
