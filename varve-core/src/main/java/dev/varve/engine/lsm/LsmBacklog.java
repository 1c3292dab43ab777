package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.WriteThrottle;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.events.StallEvent;
import org.jspecify.annotations.Nullable;

/// Memtables that are not written, and files at level 0 that are not merged.
///
/// @threads safe
final class LsmBacklog implements WriteThrottle.Backlog {
  /** A store with less than this part of its memory left waits for what is being written. */
  private static final int TIGHT_SHIFT = 4;

  /** With little memory, what a flush and a merge take is more; but no more than this part. */
  private static final int TIGHT_SHIFT_MIN = 2;

  private final EngineContext context;
  private final LsmSettings settings;
  private final LsmState state;
  private final LsmFlush flush;
  private final LsmCompaction compaction;

  LsmBacklog(
      EngineContext context,
      LsmSettings settings,
      LsmState state,
      LsmFlush flush,
      LsmCompaction compaction) {
    this.context = context;
    this.settings = settings;
    this.state = state;
    this.flush = flush;
    this.compaction = compaction;
  }

  /// As [WriteThrottle.Backlog#share].
  ///
  /// @param memtableBytes what all memtables hold
  /// @param memtableMax at which size one is full
  /// @param files how many files level 0 has
  /// @param filesSlow from how many on writers are slowed; twice as many stop them
  static double share(long memtableBytes, long memtableMax, int files, int filesSlow) {
    // From two full memtables on, up to four. Files at level 0 are another matter: flushes make
    // them, and merges, which take them away, are slower than that.
    double share = WriteThrottle.share(WriteThrottle.debt(memtableBytes, 2 * memtableMax));
    double levelZero = 1 - WriteThrottle.debt(files, filesSlow);
    return levelZero == 1 ? share : Math.min(share, levelZero * levelZero);
  }

  @Override
  public double share() {
    ReadState seen = state.now();
    int files = seen.files().levelZeroRuns();
    long bytes = 0;
    if (isTight() && (!seen.sealed().isEmpty() || compaction.isRunning())) {
      // What is being written gives memory back.
      return 0;
    }
    if (!seen.sealed().isEmpty()) {
      bytes = seen.active().memoryBytes();
      for (Memtable sealed : seen.sealed()) {
        bytes += sealed.memoryBytes();
      }
    }
    return share(bytes, settings.memtableBytes(), files, settings.levelZeroSlow());
  }

  private boolean isTight() {
    long bytesMax = context.budget().bytesMax();
    long part =
        Math.max(
            bytesMax >> TIGHT_SHIFT, Math.min(bytesMax >> TIGHT_SHIFT_MIN, settings.workBytes()));
    return !context.budget().fitsAsIs(part) && !context.budget().fits(part);
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
    return state.now().sealed().size() + " memtables of " + settings.memtableBytes() + " bytes";
  }

  @Override
  public void describe(StallEvent event) {
    ReadState seen = state.now();
    event.sealedMemtables = seen.sealed().size();
    event.levelZeroFiles = seen.files().version().level(0).size();
  }
}
