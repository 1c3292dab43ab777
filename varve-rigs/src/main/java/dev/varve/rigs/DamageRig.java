package dev.varve.rigs;

import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.VarveException;
import dev.varve.kv.VerifyReport;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Damages every file of a store in every way, opens it, reads all of it and verifies it. The
/// answer must be the right one or a typed error that names a file and a place in it; a refused
/// opening must leave every byte as it was; after a clean close each flipped bit must be noticed.
///
/// @threads one at a time; cases may run beside each other
final class DamageRig implements AutoCloseable {
  /// Which damage is done.
  ///
  /// @param stride every how manieth damage, counted through, past the headers; 1 for all
  /// @param only the number of the one damage to do, or -1
  record Sample(int stride, long only) {
    boolean takes(long number, boolean header) {
      return only >= 0 ? number == only : header || number % stride == 0;
    }
  }

  /// How a damaged store is opened and looked at: as it is, or with a planted bug.
  interface Reader {
    /// Opens a store.
    RigStore open(MemoryFileSystem fs, RigCase rigCase);

    /// Verifies an open store.
    default VerifyReport verify(RigStore store) {
      return store.store().verify(true, ProgressListener.NONE);
    }
  }

  /// Opens a store as it is.
  static final Reader PLAIN =
      (fs, rigCase) -> new RigStore(fs, rigCase, rigCase.options(), new HandClock());

  private static final long ALLOCATED_BYTES_MAX = 64 << 20;
  private static final int HEADER_BYTES = 128;
  private static final int BLOCK_BYTES = 512;
  private static final int ENOUGH = 40;

  private final RigCase rigCase;
  private final Reader reader;
  private final Sample sample;
  private final Findings findings;
  private final long timeoutMillis;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          work -> Thread.ofPlatform().daemon().name("damaged").unstarted(work));
  private final DamageCorpus corpus;
  private final String unneeded;
  private final int enough;
  private long number;

  /// @param timeoutMillis how long one attempt may take
  DamageRig(RigCase rigCase, Reader reader, Sample sample, long timeoutMillis, Findings findings) {
    this.rigCase = rigCase;
    this.reader = reader;
    this.sample = sample;
    this.timeoutMillis = timeoutMillis;
    this.findings = findings;
    this.enough = reader == PLAIN && rigCase.bug() == PlantedBug.NONE ? ENOUGH : 1;
    this.corpus = DamageCorpus.make(rigCase);
    this.unneeded = corpus.unneeded(rigCase);
  }

  @Override
  public void close() {
    worker.shutdown();
  }

  /// Does all damage of the sample.
  void sweep() {
    corpus.work().count(findings);
    for (boolean clean : new boolean[] {true, false}) {
      Map<String, byte[]> files = clean ? corpus.closed() : corpus.crashed();
      findings.count("files", files.size());
      attempt(files, "nothing at all", clean, false);
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        flips(files, file.getKey(), file.getValue(), clean);
        blocks(files, file.getKey(), file.getValue(), clean);
        lengths(files, file.getKey(), file.getValue(), clean);
        wholes(files, file.getKey(), clean);
      }
    }
  }

  private void flips(Map<String, byte[]> files, String name, byte[] bytes, boolean clean) {
    // The holder's lines in the lock file are for people, what nothing needs nobody reads, and what
    // lies behind the last record of a segment that another follows, or in a heap in no slot that
    // its map names, is whatever the file held before.
    boolean unread = name.equals(StoreFileName.LOCK) || unneeded.contains(name + " is ");
    BitSet covered = unread ? new BitSet() : DamageCorpus.covered(files, name);
    for (int at = 0; at < bytes.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        boolean header = at < HEADER_BYTES && bit == at % 8;
        if (take(header)) {
          byte[] damaged = bytes.clone();
          damaged[at] ^= (byte) (1 << bit);
          attempt(
              with(files, name, damaged),
              name + ": bit " + bit + " of byte " + at + " flipped",
              clean,
              clean && covered.get(at));
          findings.count(covered.get(at) ? "flips" : "flips of what nothing reads", 1);
        }
      }
    }
  }

  private void blocks(Map<String, byte[]> files, String name, byte[] bytes, boolean clean) {
    for (int at = 0; at < bytes.length; at += BLOCK_BYTES) {
      for (int fill : new int[] {0, 0xFF, -1}) {
        byte[] damaged = bytes.clone();
        int end = Math.min(at + BLOCK_BYTES, bytes.length);
        if (fill >= 0) {
          Arrays.fill(damaged, at, end, (byte) fill);
        } else {
          int from = (at + bytes.length / 2) % Math.max(1, bytes.length - (end - at) + 1);
          System.arraycopy(bytes, from, damaged, at, end - at);
        }
        if (take(false) && !Arrays.equals(bytes, damaged)) {
          String how = fill == 0 ? "zeroed" : fill > 0 ? "filled with FF" : "misdirected";
          attempt(with(files, name, damaged), name + ": block at " + at + " " + how, clean, false);
          findings.count("blocks", 1);
        }
      }
    }
  }

  private void lengths(Map<String, byte[]> files, String name, byte[] bytes, boolean clean) {
    for (int length = 0; length < bytes.length; length++) {
      if (take(length == 0 || length == bytes.length - 1)) {
        attempt(
            with(files, name, Arrays.copyOf(bytes, length)),
            name + ": cut to " + length,
            clean,
            false);
        findings.count("lengths", 1);
      }
    }
    for (int more : new int[] {1, 8, 4096}) {
      attempt(
          with(files, name, Arrays.copyOf(bytes, bytes.length + more)),
          name + ": " + more + " zeros behind",
          clean,
          false);
    }
  }

  /** Files that are missing, swapped, older, or another store's. */
  private void wholes(Map<String, byte[]> files, String name, boolean clean) {
    number++;
    attempt(with(files, name, null), name + ": missing", clean, false);
    for (Map.Entry<String, byte[]> other : files.entrySet()) {
      if (other.getKey().compareTo(name) > 0) {
        Map<String, byte[]> swapped = with(files, name, other.getValue());
        byte[] own = files.get(name);
        if (own != null) {
          swapped.put(other.getKey(), own);
          attempt(swapped, name + ": swapped with " + other.getKey(), clean, false);
        }
      }
    }
    for (Map<String, byte[]> version : corpus.older()) {
      byte[] older = version.get(name);
      if (older != null && !Arrays.equals(older, files.get(name))) {
        attempt(with(files, name, older), name + ": an older version", clean, false);
        findings.count("stale files", 1);
      }
    }
    byte[] foreign = corpus.foreign().get(name);
    if (foreign != null) {
      attempt(with(files, name, foreign), name + ": another store's", clean, false);
    }
  }

  private boolean take(boolean header) {
    boolean taken = sample.takes(number, header);
    if (!taken) {
      number++;
    }
    return taken && findings.violationCount() < enough;
  }

  private static Map<String, byte[]> with(
      Map<String, byte[]> files, String name, byte @Nullable [] bytes) {
    Map<String, byte[]> changed = new TreeMap<>(files);
    if (bytes == null) {
      changed.remove(name);
    } else {
      changed.put(name, bytes);
    }
    return changed;
  }

  /** Opens a damaged store in time. */
  private void attempt(
      Map<String, byte[]> damaged, String what, boolean clean, boolean mustBeNoticed) {
    long own = number++;
    if ((sample.only >= 0 && own != sample.only) || findings.violationCount() >= enough) {
      return;
    }
    findings.count("attempts", 1);
    Attempt attempt = new Attempt(damaged, clean, mustBeNoticed);
    @Nullable String problem = null;
    @Nullable Throwable cause = null;
    var running = worker.submit(attempt);
    try {
      problem = running.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      problem = "it hangs";
      boolean _ = running.cancel(true);
    } catch (ExecutionException e) {
      cause = e.getCause();
      problem = "an exception that is not a store's";
    } catch (InterruptedException e) {
      throw new IllegalStateException("a rig is not interrupted", e);
    }
    if (problem != null) {
      findings.violation(
          new Violation(
              "damage",
              rigCase + " --damage " + own,
              (clean ? "closed store, " : "crashed store, ") + what + ": " + problem,
              cause));
    }
  }

  /** One opening; answers what is wrong, or null. */
  private final class Attempt implements Callable<@Nullable String> {
    private final Map<String, byte[]> files;
    private final boolean clean;
    private final boolean mustBeNoticed;

    Attempt(Map<String, byte[]> files, boolean clean, boolean mustBeNoticed) {
      this.files = files;
      this.clean = clean;
      this.mustBeNoticed = mustBeNoticed;
    }

    @Override
    public @Nullable String call() {
      long before = allocated();
      @Nullable String problem = open();
      long bytes = allocated() - before;
      if (problem == null && bytes > ALLOCATED_BYTES_MAX) {
        problem = "it allocated " + bytes + " bytes";
      }
      return problem;
    }

    private long allocated() {
      return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
          ? threads.getCurrentThreadAllocatedBytes()
          : 0;
    }

    private @Nullable String open() {
      MemoryFileSystem fs = DamageCorpus.fileSystem(files);
      RigStore store;
      try {
        store = reader.open(fs, rigCase);
      } catch (CorruptionException e) {
        findings.count("refused as damaged", 1);
        return e.file() == null || e.offset() < 0
            ? "the error names no place: " + e.getMessage()
            : changed(fs, files);
      } catch (FormatException e) {
        findings.count("refused as no store or another version", 1);
        return changed(fs, files);
      } catch (VarveException e) {
        return "refused as " + e.getClass().getSimpleName() + ": " + e.getMessage();
      }
      try {
        return compare(store);
      } catch (CorruptionException e) {
        // Engines that keep entries in files meet damage when they read it.
        findings.count("reads refused as damaged", 1);
        if (e.file() == null || e.offset() < 0) {
          return "the error names no place: " + e.getMessage();
        }
        String name = String.valueOf(e.file().getFileName());
        return reader.verify(store).problems().stream().noneMatch(text -> text.contains(name))
            ? "verification does not name " + name + ", where a read found damage"
            : null;
      }
    }

    private @Nullable String compare(RigStore store) {
      long last = store.recovered();
      if (!clean
          && last >= corpus.closedLast()
          && last < corpus.least(false)
          && store.difference(corpus.state(last)) == null
          && corpus.isNewestReplaced(files)) {
        // Nothing else tells what the last process wrote there: see docs/RIGS.md.
        findings.count("known gap: newest segment replaced by an older copy of itself", 1);
        return null;
      }
      if (last < corpus.least(clean) || last > corpus.last(clean)) {
        return "it opened with " + last + " commits of " + corpus.last(clean);
      }
      @Nullable String difference = store.difference(corpus.state(last));
      if (difference != null) {
        return "a wrong answer: " + difference;
      }
      VerifyReport report = reader.verify(store);
      if (!report.isSound()) {
        findings.count("found by verification", 1);
      } else {
        findings.count("harmless", 1);
      }
      return report.isSound() && mustBeNoticed ? "nobody noticed" : null;
    }

    /** What a refused opening changed, or null. */
    private @Nullable String changed(MemoryFileSystem fs, Map<String, byte[]> were) {
      Map<String, byte[]> are = new TreeMap<>(DamageCorpus.files(fs));
      if (!were.containsKey(StoreFileName.LOCK)) {
        are.remove(StoreFileName.LOCK);
      }
      if (!are.keySet().equals(were.keySet())) {
        return "a refused opening left the files " + are.keySet() + " of " + were.keySet();
      }
      for (Map.Entry<String, byte[]> file : were.entrySet()) {
        if (!Arrays.equals(file.getValue(), are.get(file.getKey()))) {
          return "a refused opening changed " + file.getKey();
        }
      }
      return null;
    }
  }
}
