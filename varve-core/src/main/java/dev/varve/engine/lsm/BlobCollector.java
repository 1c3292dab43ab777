package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.blob.BlobScan;
import dev.varve.engine.lsm.compaction.BlobPolicy;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.Version;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/// Finds the sstables that keep blob files alive of which too much is dead. Compaction rewrites
/// them, and moves the values that they refer to.
///
/// @threads safe
final class BlobCollector {
  /* Nothing on disk says which sstable refers to which blob file. The records of a blob file have
   * their keys, so a walk over a file that is due asks the sstables for each; a merge meets most of
   * them anyhow, so the walk comes only when nothing that was found before is left to do, and when
   * there is more to gain than there was at the last one, or less: files went since. So a search that
   * led to nothing is not made again and again. */

  /** So much more has to be dead for another search: one part in this many. */
  private static final int MORE = 4;

  private final EngineContext context;
  private final LsmState state;
  private final Runnable found;
  private final AtomicBoolean asked = new AtomicBoolean();

  /** One search at a time, and none once it is closed. Held while files are read. */
  private final ReentrantLock searching = new ReentrantLock();

  private volatile boolean closed;
  private volatile Set<Long> wanted = Set.of();

  /** What was dead when the last search was made. Guarded by {@link #searching}. */
  private long deadBytes;

  /// @param found is run when there is something to rewrite
  BlobCollector(EngineContext context, LsmState state, Runnable found) {
    this.context = context;
    this.state = state;
    this.found = found;
  }

  /// The sstables that are to be rewritten; some may be gone.
  Set<Long> wanted() {
    return wanted;
  }

  /// Has the background search, if there may be something to find.
  void request() {
    Version version = state.now().files().version();
    if (context.services().isStarted()
        && !closed
        && !BlobPolicy.due(version).isEmpty()
        && asked.compareAndSet(false, true)) {
      context.services().longWork().submit(this::runInBackground);
    }
  }

  private void runInBackground() {
    asked.set(false);
    try {
      search(false);
    } catch (IOException | VarveException _) {
      // What cannot be read is named by the next check of the store, and no search can do more.
      return;
    }
  }

  /// Searches.
  ///
  /// @param anyway even if that is not worth it
  /// @return what is to be rewritten
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  Set<Long> search(boolean anyway) throws IOException {
    searching.lock();
    try {
      if (closed) {
        return Set.of();
      }
      FileSet files = state.hold();
      try {
        search(files, anyway);
      } finally {
        files.release();
      }
    } finally {
      searching.unlock();
    }
    Set<Long> sstables = wanted;
    if (!sstables.isEmpty()) {
      found.run();
    }
    return sstables;
  }

  private void search(FileSet files, boolean anyway) throws IOException {
    Version version = files.version();
    long dead = BlobPolicy.deadBytes(version);
    Set<Long> before = wanted;
    boolean pending = version.all().stream().anyMatch(s -> before.contains(s.number()));
    boolean changed = dead < deadBytes || dead > deadBytes + deadBytes / MORE;
    if (!anyway && (pending || !changed)) {
      return;
    }
    Set<Long> sstables = new HashSet<>();
    for (long number : BlobPolicy.due(version)) {
      addReferring(files, number, sstables);
    }
    boolean worth = anyway || BlobPolicy.isWorth(version, sstables);
    deadBytes = dead;
    wanted = worth ? Set.copyOf(sstables) : Set.of();
  }

  /** Adds the sstables that refer to a blob file. */
  private void addReferring(FileSet files, long number, Set<Long> sstables) throws IOException {
    BlobReader reader = files.acquireBlob(number);
    if (reader == null) {
      return;
    }
    SstableLookup lookup = new SstableLookup();
    try (BlobScan scan = reader.scan()) {
      for (BlobScan.Found at = scan.next(); at != BlobScan.Found.END; at = scan.next()) {
        if (closed) {
          return;
        }
        if (at == BlobScan.Found.RECORD) {
          SstableReader sstable =
              files.find(scan.key(), scan.sequence(), lookup, () -> isTo(lookup, scan.reference()));
          if (sstable != null) {
            sstables.add(sstable.info().number());
          }
        }
      }
    } finally {
      reader.release();
    }
  }

  private static boolean isTo(SstableLookup lookup, BlobReference reference) {
    return lookup.kind() == Stamp.BLOB
        && reference.equals(
            BlobReference.decode(lookup.valueArray(), lookup.valueOffset(), lookup.valueLength()));
  }

  /// Ends it, once a search that runs has ended.
  void close() {
    closed = true;
    searching.lock();
    try {
      wanted = Set.of();
    } finally {
      searching.unlock();
    }
  }
}
