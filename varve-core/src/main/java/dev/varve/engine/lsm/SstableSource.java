package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.kv.KeyRange;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The entries of a run of sstables, of which one is open at a time, and that only once an entry of
/// it is needed.
///
/// @threads one at a time
final class SstableSource implements EntrySource {
  /* A move that leaves a file, or that ends before it begins, does not open the next one: the source
   * stands deferred, and its key is the end of that file's range which the move comes to first. */

  private static final byte[] NO_KEY = {};

  private final SstableRun run;
  private final long sequence;
  private final byte @Nullable [] from;
  private final byte @Nullable [] to;
  private boolean forward;
  private boolean valid;
  private boolean deferred;

  /** The file that it stands in, or before, or behind. */
  private int file;

  /** Where it stands while deferred. */
  private byte[] bound = NO_KEY;

  private @Nullable SstableCursor cursor;

  /// @param run the caller keeps its files open
  /// @param range only keys in it will be asked for
  SstableSource(SstableRun run, KeyRange range, long sequence) {
    this.run = run;
    this.sequence = sequence;
    this.from = range.from();
    this.to = range.to();
  }

  private SstableCursor own() {
    SstableCursor open = cursor;
    if (open == null) {
      throw new IllegalStateException("the source stands on no entry");
    }
    return open;
  }

  private SstableCursor open() throws IOException {
    deferred = false;
    // Whoever meets a failure finds no entry.
    valid = false;
    SstableCursor open = cursor;
    if (open == null) {
      open = run.reader(file).cursor();
      open.within(from, to);
      cursor = open;
    } else {
      open.moveTo(run.reader(file));
    }
    return open;
  }

  private boolean stand(boolean found) throws IOException {
    valid = found;
    if (found) {
      return true;
    }
    return forward ? deferForward(file + 1) : deferBackward(file - 1);
  }

  private boolean deferForward(int next) {
    forward = true;
    file = next;
    valid = next < run.size();
    deferred = valid;
    if (valid) {
      bound = run.from(next);
    }
    return valid;
  }

  private boolean deferBackward(int next) throws IOException {
    forward = false;
    file = next;
    valid = next >= 0;
    deferred = valid;
    if (valid) {
      byte[] end = run.to(next);
      if (end == null) {
        return resolve();
      }
      bound = end;
    }
    return valid;
  }

  @Override
  public boolean isDeferred() {
    return deferred;
  }

  @Override
  public boolean resolve() throws IOException {
    SstableCursor open = open();
    return stand(forward ? open.seekToFirstKey(sequence) : open.seekToLastKey(sequence));
  }

  @Override
  public boolean seekToFirst() {
    return deferForward(0);
  }

  @Override
  public boolean seekToLast() throws IOException {
    return deferBackward(run.size() - 1);
  }

  @Override
  public boolean seek(byte[] target) throws IOException {
    int first = run.firstBehind(target);
    if (first == run.size() || Bytes.compare(target, run.from(first)) <= 0) {
      return deferForward(first);
    }
    forward = true;
    file = first;
    return stand(open().seekKey(target, sequence));
  }

  @Override
  public boolean seekForPrevious(byte[] target) throws IOException {
    int last = run.lastFrom(target);
    if (endsBefore(last, target)) {
      return deferBackward(last);
    }
    forward = false;
    file = last;
    return stand(open().seekForPreviousKey(target, sequence));
  }

  @Override
  public boolean seekBefore(byte[] target) throws IOException {
    int last = run.lastFrom(target);
    if (last >= 0 && Arrays.equals(run.from(last), target)) {
      last--;
    }
    if (endsBefore(last, target)) {
      return deferBackward(last);
    }
    forward = false;
    file = last;
    return stand(open().seekBeforeKey(target, sequence));
  }

  /** Whether all keys of a file are before a key; also true of no file. */
  private boolean endsBefore(int last, byte[] key) {
    byte[] end = last < 0 ? null : run.to(last);
    return last < 0 || (end != null && Bytes.compare(end, key) <= 0);
  }

  @Override
  public boolean next() throws IOException {
    return stand(own().nextKey(sequence));
  }

  @Override
  public boolean previous() throws IOException {
    return stand(own().previousKey(sequence));
  }

  @Override
  public boolean isValid() {
    return valid;
  }

  @Override
  public byte[] keyArray() {
    return deferred ? bound : own().keyArray();
  }

  @Override
  public int keyOffset() {
    return 0;
  }

  @Override
  public int keyLength() {
    return deferred ? bound.length : own().keyLength();
  }

  @Override
  public long sequence() {
    return own().sequence();
  }

  @Override
  public boolean isTombstone() {
    return own().kind() == Stamp.TOMBSTONE;
  }

  @Override
  public boolean isBlob() {
    return own().kind() == Stamp.BLOB;
  }

  @Override
  public byte[] valueArray() {
    return own().valueArray();
  }

  @Override
  public int valueOffset() {
    return own().valueOffset();
  }

  @Override
  public int valueLength() {
    return own().valueLength();
  }

  @Override
  public void close() throws IOException {
    SstableCursor open = cursor;
    cursor = null;
    valid = false;
    deferred = false;
    if (open != null) {
      open.close();
    }
  }
}
