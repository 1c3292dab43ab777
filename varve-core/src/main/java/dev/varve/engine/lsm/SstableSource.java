package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.Stamp;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The entries of sstables that follow each other in key order, of which one is open at a time: of
/// a whole level, or of a single file.
///
/// @threads one at a time
final class SstableSource implements EntrySource {
  private static final byte[] NO_KEY = {};

  private final SstableReader[] files;
  private final long sequence;
  private int at = -1;
  private @Nullable SstableCursor cursor;
  private boolean valid;

  /** A copy of a key that the cursor leaves. */
  private byte[] left = NO_KEY;

  private int leftLength;

  /// @param files each one's keys are behind those of the one before; the caller keeps them open
  SstableSource(SstableReader[] files, long sequence) {
    this.files = files;
    this.sequence = sequence;
  }

  private SstableCursor own() {
    SstableCursor open = cursor;
    if (open == null) {
      throw new IllegalStateException("the source stands on no entry");
    }
    return open;
  }

  private SstableCursor open(int file) throws IOException {
    SstableCursor open = cursor;
    if (open == null || at != file) {
      close();
      open = files[file].cursor();
      cursor = open;
      at = file;
    }
    return open;
  }

  /** The first file that may have a key at `target` or behind. */
  private int fileOf(byte[] target) {
    int low = 0;
    int high = files.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Bytes.compare(files[middle].info().properties().largestKey(), target) < 0
          && !files[middle].info().properties().reachesBeyond()) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  @Override
  public boolean seekToFirst() throws IOException {
    valid = files.length > 0 && open(0).seekToFirst();
    return settleForward(0);
  }

  @Override
  public boolean seekToLast() throws IOException {
    int last = files.length - 1;
    valid = last >= 0 && open(last).seekToLast();
    return settleBackward(last);
  }

  @Override
  public boolean seek(byte[] target) throws IOException {
    int file = fileOf(target);
    valid = file < files.length && open(file).seek(target, sequence);
    return settleForward(file);
  }

  @Override
  public boolean seekForPrevious(byte[] target) throws IOException {
    int file = Math.min(fileOf(target), files.length - 1);
    valid = file >= 0 && open(file).seekForPrevious(target, 0);
    return settleBackward(file);
  }

  @Override
  public boolean next() throws IOException {
    SstableCursor open = own();
    leave(open);
    do {
      valid = open.next();
    } while (valid && isLeft(open));
    return settleForward(at);
  }

  @Override
  public boolean previous() throws IOException {
    valid = own().previous();
    return settleBackward(at);
  }

  /** Moves on to an entry that can be seen, through the files from `file` on. */
  private boolean settleForward(int file) throws IOException {
    int current = file;
    while (true) {
      while (valid) {
        SstableCursor open = own();
        if (open.sequence() <= sequence) {
          return true;
        }
        valid = open.next();
      }
      if (++current >= files.length) {
        return false;
      }
      valid = open(current).seekToFirst();
    }
  }

  /** From the oldest entry of a key, moves back to the newest that can be seen of a key. */
  private boolean settleBackward(int file) throws IOException {
    int current = file;
    while (true) {
      while (valid) {
        SstableCursor open = own();
        if (open.sequence() <= sequence) {
          return settleNewest(open);
        }
        valid = open.previous();
      }
      if (--current < 0) {
        return false;
      }
      valid = open(current).seekToLast();
    }
  }

  private boolean settleNewest(SstableCursor open) throws IOException {
    leave(open);
    boolean moved;
    do {
      moved = open.previous();
    } while (moved && open.sequence() <= sequence && isLeft(open));
    valid = moved ? open.next() : open.seekToFirst();
    return valid;
  }

  private void leave(SstableCursor open) {
    leftLength = open.keyLength();
    if (left.length < leftLength) {
      left = new byte[Math.max(64, 2 * leftLength)];
    }
    System.arraycopy(open.keyArray(), 0, left, 0, leftLength);
  }

  private boolean isLeft(SstableCursor open) {
    return Arrays.equals(open.keyArray(), 0, open.keyLength(), left, 0, leftLength);
  }

  @Override
  public boolean isValid() {
    return valid;
  }

  @Override
  public byte[] keyArray() {
    return own().keyArray();
  }

  @Override
  public int keyOffset() {
    return 0;
  }

  @Override
  public int keyLength() {
    return own().keyLength();
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
    at = -1;
    if (open != null) {
      open.close();
    }
  }
}
