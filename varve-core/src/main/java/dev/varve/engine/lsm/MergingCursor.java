package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.Version;
import dev.varve.kv.KeyRange;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Walks over the entries that a reader sees of memtables and sstables together.
///
/// @threads one at a time
/// @lifetime until [#close], which lets go of the files
final class MergingCursor implements EngineCursor {
  /* Every source stands, in the direction of the walk, on its first key at or past the entry. Of
   * those that stand on the same key the greatest sequence number counts: whatever order the sources
   * have, so a cursor over sstables of which the levels are unknown is right too.
   *
   * The direction changes by seeking anew. */

  private static final byte[] LEAST_KEY = {0};

  private final KeyRange range;
  private final long sequence;
  private final String name;
  private final FileSet files;
  private final EntrySource[] sources;
  private final List<Memtable> memtablesWithRanges = new ArrayList<>();
  private final List<SstableReader> filesWithRanges;
  private boolean forward;
  private boolean closed;
  private @Nullable EntrySource current;

  /// @param state what to read; its files are held by the caller for this cursor, which gives them
  ///   back
  /// @param name the keyspace, for messages
  MergingCursor(ReadState state, KeyRange range, long sequence, String name) {
    this.range = range;
    this.sequence = sequence;
    this.name = name;
    this.files = state.files();
    List<EntrySource> all = new ArrayList<>();
    add(all, state.active());
    for (Memtable sealed : state.sealed()) {
      add(all, sealed);
    }
    for (Ingested ingested : state.ingested()) {
      all.add(new SstableSource(ingested.readers(), sequence));
    }
    for (SstableReader file : files.level(0)) {
      all.add(new SstableSource(new SstableReader[] {file}, sequence));
    }
    for (int level = 1; level < Version.LEVELS; level++) {
      if (files.level(level).length > 0) {
        all.add(new SstableSource(files.level(level), sequence));
      }
    }
    this.sources = all.toArray(new EntrySource[0]);
    this.filesWithRanges = files.withRanges();
  }

  private void add(List<EntrySource> all, Memtable memtable) {
    if (!memtable.isEmpty()) {
      all.add(new MemtableSource(memtable, sequence));
    }
    if (memtable.rangeTombstones().count() > 0) {
      memtablesWithRanges.add(memtable);
    }
  }

  /** What moves all sources, or some of them. */
  private interface Move {
    void run() throws IOException;
  }

  private boolean move(Move move) {
    current = null;
    if (closed) {
      return false;
    }
    try {
      move.run();
    } catch (IOException e) {
      current = null;
      throw new StoreIoException("the files of keyspace '" + name + "' cannot be read", e);
    }
    return current != null;
  }

  @Override
  public boolean seekToFirst() {
    byte[] from = range.from();
    return move(() -> seekForward(from == null ? LEAST_KEY : from));
  }

  @Override
  public boolean seekToLast() {
    return move(
        () -> {
          byte[] to = range.to();
          forward = false;
          for (EntrySource source : sources) {
            if (to == null) {
              source.seekToLast();
            } else {
              seekBefore(source, to);
            }
          }
          settleBackward();
        });
  }

  @Override
  public boolean seek(byte[] key) {
    byte[] from = range.from();
    byte[] target = from != null && Bytes.compare(key, from) < 0 ? from : key;
    return move(() -> seekForward(target));
  }

  private void seekForward(byte[] target) throws IOException {
    forward = true;
    for (EntrySource source : sources) {
      if (target.length == 0) {
        source.seekToFirst();
      } else {
        source.seek(target);
      }
    }
    settleForward();
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    byte[] to = range.to();
    if (to != null && Bytes.compare(key, to) >= 0) {
      return seekToLast();
    }
    return move(
        () -> {
          forward = false;
          for (EntrySource source : sources) {
            source.seekForPrevious(key);
          }
          settleBackward();
        });
  }

  private static void seekBefore(EntrySource source, byte[] key) throws IOException {
    if (source.seekForPrevious(key) && compareKey(source, key) == 0) {
      source.previous();
    }
  }

  @Override
  public boolean next() {
    EntrySource from = own();
    byte @Nullable [] key = forward ? null : key();
    return move(
        () -> {
          if (key == null) {
            advancePast(from);
          } else {
            forward = true;
            for (EntrySource source : sources) {
              if (source.seek(key) && compareKey(source, key) == 0) {
                source.next();
              }
            }
          }
          settleForward();
        });
  }

  @Override
  public boolean previous() {
    EntrySource from = own();
    byte @Nullable [] key = forward ? key() : null;
    return move(
        () -> {
          if (key == null) {
            advancePast(from);
          } else {
            forward = false;
            for (EntrySource source : sources) {
              seekBefore(source, key);
            }
          }
          settleBackward();
        });
  }

  private EntrySource own() {
    EntrySource own = current;
    if (own == null) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
    return own;
  }

  /** Has every source leave the key on which `from` stands, that one last: it lends the key. */
  private void advancePast(EntrySource from) throws IOException {
    for (EntrySource source : sources) {
      if (source != from && source.isValid() && compareKeys(source, from) == 0) {
        step(source);
      }
    }
    step(from);
  }

  private void step(EntrySource source) throws IOException {
    if (forward) {
      source.next();
    } else {
      source.previous();
    }
  }

  private void settleForward() throws IOException {
    byte[] to = range.to();
    while (true) {
      EntrySource found = nearest();
      if (found == null || (to != null && compareKey(found, to) >= 0)) {
        return;
      }
      if (isShown(found)) {
        current = found;
        return;
      }
      advancePast(found);
    }
  }

  private void settleBackward() throws IOException {
    byte[] from = range.from();
    while (true) {
      EntrySource found = nearest();
      if (found == null || (from != null && compareKey(found, from) < 0)) {
        return;
      }
      if (isShown(found)) {
        current = found;
        return;
      }
      advancePast(found);
    }
  }

  /** The source with the nearest key, and of several the newest entry. */
  private @Nullable EntrySource nearest() {
    @Nullable EntrySource best = null;
    for (EntrySource source : sources) {
      if (!source.isValid()) {
        continue;
      }
      if (best == null) {
        best = source;
        continue;
      }
      int order = compareKeys(source, best);
      if (order == 0 ? source.sequence() > best.sequence() : forward == order < 0) {
        best = source;
      }
    }
    return best;
  }

  private boolean isShown(EntrySource source) {
    if (source.isTombstone()) {
      return false;
    }
    if (memtablesWithRanges.isEmpty() && filesWithRanges.isEmpty()) {
      return true;
    }
    byte[] key = keyOf(source);
    long own = source.sequence();
    for (Memtable memtable : memtablesWithRanges) {
      if (memtable.rangeTombstoneCovering(key, sequence) > own) {
        return false;
      }
    }
    for (SstableReader file : filesWithRanges) {
      if (file.rangeTombstones().covering(key, sequence) > own) {
        return false;
      }
    }
    return true;
  }

  private static int compareKeys(EntrySource a, EntrySource b) {
    return Bytes.compare(
        a.keyArray(), a.keyOffset(), a.keyLength(), b.keyArray(), b.keyOffset(), b.keyLength());
  }

  private static int compareKey(EntrySource source, byte[] key) {
    return Bytes.compare(
        source.keyArray(), source.keyOffset(), source.keyLength(), key, 0, key.length);
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
    int offset = own.valueOffset();
    return Arrays.copyOfRange(own.valueArray(), offset, offset + own.valueLength());
  }

  @Override
  public long valueSize() {
    return own().valueLength();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    current = null;
    try {
      for (EntrySource source : sources) {
        source.close();
      }
      files.release();
    } catch (IOException e) {
      throw new StoreIoException("the files of keyspace '" + name + "' cannot be closed", e);
    }
  }
}
