package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.kv.KeyRange;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Walks over the entries that a reader sees of memtables and sstables together.
///
/// It reads no file whose range the walk does not come to, and no block that has only keys outside
/// its own range.
///
/// @threads one at a time
/// @lifetime until [#close], which lets go of the files
final class MergingCursor implements EngineCursor {
  /* Every source stands, in the direction of the walk, on its first key at or past the entry, or
   * deferred on a bound past it. Of those that stand on the same key the greatest sequence number
   * counts: whatever order the sources have, so a cursor over sstables of which the levels are
   * unknown is right too.
   *
   * The direction changes by seeking anew. */

  private final KeyRange range;
  private final long fromHead;
  private final long toHead;
  private final long sequence;
  private final String name;
  private final FileSet files;

  /** The first `count` are there. */
  private final EntrySource[] sources;

  private int count;
  private final SourceQueue queue;
  private List<Memtable> memtablesWithRanges = List.of();
  private final List<SstableReader> filesWithRanges;
  private boolean forward;
  private boolean closed;
  private @Nullable EntrySource current;

  /// @param state what to read; its files are held by the caller for this cursor, which gives them
  ///   back
  /// @param name the keyspace, for messages
  MergingCursor(ReadState state, KeyRange range, long sequence, String name) {
    this.range = range;
    this.fromHead = head(range.from());
    this.toHead = head(range.to());
    this.sequence = sequence;
    this.name = name;
    this.files = state.files();
    SstableRun[] runs = files.runs();
    int most = 1 + state.sealed().size() + state.ingested().size() + runs.length;
    this.sources = new EntrySource[most];
    add(state.active());
    for (int i = 0; i < state.sealed().size(); i++) {
      add(state.sealed().get(i));
    }
    for (int i = 0; i < state.ingested().size(); i++) {
      sources[count++] = new SstableSource(state.ingested().get(i).run(), range, sequence);
    }
    for (SstableRun run : runs) {
      sources[count++] = new SstableSource(run, range, sequence);
    }
    this.queue = new SourceQueue(count);
    this.filesWithRanges = files.withRanges();
  }

  private static long head(byte @Nullable [] key) {
    return key == null ? 0 : Bytes.signedHead(key, 0, key.length);
  }

  private void add(Memtable memtable) {
    if (!memtable.isEmpty()) {
      sources[count++] = new MemtableSource(memtable, sequence);
    }
    if (memtable.rangeTombstones().count() > 0) {
      if (memtablesWithRanges.isEmpty()) {
        memtablesWithRanges = new ArrayList<>();
      }
      memtablesWithRanges.add(memtable);
    }
  }

  @Override
  public boolean seekToFirst() {
    return seekForward(range.from());
  }

  @Override
  public boolean seekToLast() {
    return seekBackward(range.to(), true);
  }

  @Override
  public boolean seek(byte[] key) {
    byte[] from = range.from();
    byte[] to = range.to();
    if (to != null && Arrays.compareUnsigned(key, to) >= 0) {
      return nothing(true);
    }
    return seekForward(from != null && Arrays.compareUnsigned(key, from) < 0 ? from : key);
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    byte[] from = range.from();
    if (from != null && Arrays.compareUnsigned(key, from) < 0) {
      return nothing(false);
    }
    byte[] to = range.to();
    boolean pastRange = to != null && Arrays.compareUnsigned(key, to) >= 0;
    return pastRange ? seekBackward(to, true) : seekBackward(key, false);
  }

  /** To the first key at `target` or behind; null: to the first of all. */
  private boolean seekForward(byte @Nullable [] target) {
    if (!begin(true)) {
      return false;
    }
    try {
      for (int i = 0; i < count; i++) {
        EntrySource source = sources[i];
        boolean _ = target == null ? source.seekToFirst() : source.seek(target);
        queue.add(source);
      }
      return settle();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** To the last key at `target`, unless that is excluded, or before; null: to the last of all. */
  private boolean seekBackward(byte @Nullable [] target, boolean excluded) {
    if (!begin(false)) {
      return false;
    }
    try {
      for (int i = 0; i < count; i++) {
        EntrySource source = sources[i];
        if (target == null) {
          boolean _ = source.seekToLast();
        } else {
          boolean _ = excluded ? source.seekBefore(target) : source.seekForPrevious(target);
        }
        queue.add(source);
      }
      return settle();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** To the first key behind `key`. */
  private boolean seekBehind(byte[] key) {
    if (!begin(true)) {
      return false;
    }
    try {
      for (int i = 0; i < count; i++) {
        EntrySource source = sources[i];
        boolean found = source.seek(key);
        if (found && source.isDeferred() && isOn(source, key)) {
          found = source.resolve();
        }
        if (found && !source.isDeferred() && isOn(source, key)) {
          boolean _ = source.next();
        }
        queue.add(source);
      }
      return settle();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private boolean begin(boolean inForwardDirection) {
    current = null;
    forward = inForwardDirection;
    queue.clear(inForwardDirection);
    return !closed;
  }

  private boolean nothing(boolean inForwardDirection) {
    boolean _ = begin(inForwardDirection);
    return false;
  }

  private StoreIoException unreadable(IOException e) {
    queue.clear(forward);
    return new StoreIoException("the files of keyspace '" + name + "' cannot be read", e);
  }

  private static boolean isOn(EntrySource source, byte[] key) {
    return SourceQueue.compareKey(source, key) == 0;
  }

  @Override
  public boolean next() {
    return forward ? advance() : seekBehind(key());
  }

  @Override
  public boolean previous() {
    return forward ? seekBackward(key(), true) : advance();
  }

  private EntrySource own() {
    EntrySource own = current;
    if (own == null) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
    return own;
  }

  private boolean advance() {
    EntrySource _ = own();
    current = null;
    try {
      queue.leaveFirstKey();
      return settle();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Goes on to the next entry that is shown. */
  private boolean settle() throws IOException {
    while (queue.count() > 0) {
      if (isPastRange()) {
        return false;
      }
      EntrySource nearest = queue.first();
      if (nearest.isDeferred()) {
        if (isBeforeRange()) {
          queue.removeFirst();
        } else {
          queue.resolveFirst();
        }
      } else if (isShown(nearest)) {
        current = nearest;
        return true;
      } else {
        queue.leaveFirstKey();
      }
    }
    return false;
  }

  private boolean isPastRange() {
    byte[] bound = forward ? range.to() : range.from();
    if (bound == null) {
      return false;
    }
    return forward
        ? queue.compareFirst(bound, toHead) >= 0
        : queue.compareFirst(bound, fromHead) < 0;
  }

  /**
   * Whether the nearest source, which is deferred, has only keys before the range. Others may stand
   * on the range's first key.
   */
  private boolean isBeforeRange() {
    byte[] bound = range.from();
    return !forward && bound != null && queue.compareFirst(bound, fromHead) == 0;
  }

  private boolean isShown(EntrySource source) {
    if (source.isTombstone()) {
      return false;
    }
    if (memtablesWithRanges.isEmpty() && filesWithRanges.isEmpty()) {
      return true;
    }
    byte[] array = source.keyArray();
    int offset = source.keyOffset();
    int length = source.keyLength();
    long own = source.sequence();
    for (Memtable memtable : memtablesWithRanges) {
      if (memtable.rangeTombstoneCovering(array, offset, length, sequence) > own) {
        return false;
      }
    }
    for (SstableReader file : filesWithRanges) {
      if (file.rangeTombstones().covering(array, offset, length, sequence) > own) {
        return false;
      }
    }
    return true;
  }

  private static byte[] keyOf(EntrySource source) {
    int offset = source.keyOffset();
    return Arrays.copyOfRange(source.keyArray(), offset, offset + source.keyLength());
  }

  @Override
  public byte[] key() {
    return keyOf(own());
  }

  @Override
  public byte[] value() {
    EntrySource own = own();
    if (own.isBlob()) {
      try {
        return files.blob(reference(own));
      } catch (IOException e) {
        throw new StoreIoException("the files of keyspace '" + name + "' cannot be read", e);
      }
    }
    int offset = own.valueOffset();
    return Arrays.copyOfRange(own.valueArray(), offset, offset + own.valueLength());
  }

  @Override
  public long valueSize() {
    EntrySource own = own();
    return own.isBlob() ? reference(own).valueLength() : own.valueLength();
  }

  private BlobReference reference(EntrySource own) {
    return files.reference(own.valueArray(), own.valueOffset(), own.valueLength());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    current = null;
    try {
      for (int i = 0; i < count; i++) {
        sources[i].close();
      }
      files.release();
    } catch (IOException e) {
      throw new StoreIoException("the files of keyspace '" + name + "' cannot be closed", e);
    }
  }
}
