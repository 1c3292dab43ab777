package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.filter.KeyHash;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// Merges one slice of a job's keys.
///
/// @threads one at a time
final class SliceMerge {
  /* Of a key's revisions in one stripe only the newest is kept, and only if no range tombstone of
   * that stripe is newer. What is kept may be a tombstone: it goes as well once everybody sees it
   * (stripe 0) and no deeper level can hold the key, as all older revisions of the inputs are in its
   * stripe and were dropped for its sake. Levels above hold newer revisions only. */

  /// Hears how far the slice is, and may stop it by an exception.
  interface Checkpoint {
    /// This many entries with this many bytes of keys and values were read since the last call.
    void passed(long entries, long bytes);
  }

  private static final int ENTRIES_MAX = 1000;
  private static final int BYTES_MAX = 256 << 10;

  private final JobPlan plan;
  private final JobPlan.Slice slice;
  private final RangeFragments fragments;
  private final DeeperLevels deeper;
  private final Checkpoint checkpoint;
  private final SliceTally tally;

  private byte[] key = new byte[64];
  private int keyLength = -1;
  private int lastStripe;
  private long lastSequence;
  private long passedEntries;
  private long passedBytes;

  SliceMerge(
      JobPlan plan,
      JobPlan.Slice slice,
      List<RangeTombstone> tombstones,
      SliceTally tally,
      Checkpoint checkpoint) {
    this.plan = plan;
    this.slice = slice;
    this.fragments = new RangeFragments(tombstones, plan.stripes());
    this.deeper = new DeeperLevels(plan.version(), plan.merge().outputLevel());
    this.tally = tally;
    this.checkpoint = checkpoint;
  }

  /// Does it.
  ///
  /// @throws dev.varve.kv.CorruptionException when an input is damaged
  /// @throws IOException when the device refuses
  void run() throws IOException {
    try (MergeInputs inputs = new MergeInputs(plan.environment(), plan.merge());
        BlobMoves blobs = new BlobMoves(plan, tally);
        Outputs outputs = new Outputs(plan, fragments, tally, slice)) {
      checkpoint.passed(0, 0);
      inputs.seek(slice.from());
      while (inputs.isValid() && isWithin(inputs.entry())) {
        SstableCursor entry = inputs.entry();
        if (!isSameKey(entry)) {
          beginKey(entry);
          outputs.beginKey(key, keyLength);
        }
        long hash = hash(entry, entry.stamp());
        if (decide(entry, hash)) {
          byte[] moved = blobs.move(entry);
          tally.keptContent += moved == null ? hash : hash(entry.stamp(), moved);
          outputs.add(entry, moved);
        }
        pass(entry.keyLength() + entry.valueLength());
        inputs.advance();
      }
      checkpoint.passed(passedEntries, passedBytes);
      blobs.finish();
      outputs.finish();
    }
  }

  private void pass(long bytes) {
    passedEntries++;
    passedBytes += bytes;
    if (passedEntries == ENTRIES_MAX || passedBytes >= BYTES_MAX) {
      checkpoint.passed(passedEntries, passedBytes);
      passedEntries = 0;
      passedBytes = 0;
    }
  }

  private boolean isWithin(SstableCursor entry) {
    byte[] to = slice.to();
    return to == null
        || dev.varve.base.Bytes.compare(entry.keyArray(), 0, entry.keyLength(), to, 0, to.length)
            < 0;
  }

  private boolean isSameKey(SstableCursor entry) {
    return keyLength == entry.keyLength()
        && Arrays.equals(key, 0, keyLength, entry.keyArray(), 0, keyLength);
  }

  private void beginKey(SstableCursor entry) {
    keyLength = entry.keyLength();
    if (key.length < keyLength) {
      key = new byte[Math.max(keyLength, 2 * key.length)];
    }
    System.arraycopy(entry.keyArray(), 0, key, 0, keyLength);
    fragments.moveTo(key, keyLength);
    lastStripe = -1;
    lastSequence = -1;
  }

  /** The hash of an entry of the current key under a stamp. */
  private long hash(SstableCursor entry, long stamp) {
    return KeyHash.of(
        KeyHash.of(stamp, key, 0, keyLength),
        entry.valueArray(),
        entry.valueOffset(),
        entry.valueLength());
  }

  /** The hash of an entry of the current key with another value. */
  private long hash(long stamp, byte[] value) {
    return KeyHash.of(KeyHash.of(stamp, key, 0, keyLength), value, 0, value.length);
  }

  /** Whether an entry is kept. */
  private boolean decide(SstableCursor entry, long hash) {
    long stamp = entry.stamp();
    long sequence = Stamp.sequence(stamp);
    int stripe = plan.stripes().of(sequence);
    long inFile = entry.stampInFile();
    tally.read++;
    tally.readContent += inFile == stamp ? hash : hash(entry, inFile);
    boolean superseded =
        sequence == lastSequence || (stripe == lastStripe && plan.stripes().isClosed(stripe));
    lastStripe = stripe;
    lastSequence = sequence;
    if (superseded) {
      tally.superseded++;
    } else if (fragments.hides(stripe, sequence)) {
      tally.hidden++;
    } else if (Stamp.kind(stamp) == Stamp.TOMBSTONE
        && stripe == 0
        && !deeper.mayHold(key, keyLength)) {
      tally.tombstones++;
    } else {
      tally.written++;
      return true;
    }
    if (Stamp.kind(stamp) == Stamp.BLOB) {
      tally.dies(
          plan.environment().dies(entry.valueArray(), entry.valueOffset(), entry.valueLength()));
    }
    return false;
  }
}
