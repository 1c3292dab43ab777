package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import java.io.IOException;

/// The sources of a walk that have something left, nearest first.
///
/// @threads one at a time
final class SourceQueue {
  /* A list in order. Of a handful of sources mostly the same one stays nearest for many steps, which
   * costs one comparison of two numbers each; where they alternate the list is as short as a heap's
   * way is long.
   *
   * I1: by key, in the direction of the walk; of equal keys those of sources that are deferred come
   *     first, then the greatest sequence number. So whoever takes the first one, and resolves it
   *     where it is deferred, meets each key's newest entry before the others of the key.
   * I2: `heads` are the first eight bytes of the keys, as numbers with the order of the walk. */

  private final EntrySource[] sources;
  private final long[] heads;
  private int count;
  private boolean forward;

  /// A queue that has room for so many sources.
  SourceQueue(int capacity) {
    this.sources = new EntrySource[capacity];
    this.heads = new long[capacity];
  }

  /// Forgets all sources. Those that come next move in this direction.
  void clear(boolean inForwardDirection) {
    count = 0;
    forward = inForwardDirection;
  }

  /// How many sources have something left.
  int count() {
    return count;
  }

  /// The nearest, of those that there are.
  EntrySource first() {
    return sources[0];
  }

  /// Adds a source that was moved, unless it has nothing.
  void add(EntrySource source) {
    if (!source.isValid()) {
      return;
    }
    long head = headOf(source);
    int at = count++;
    while (at > 0 && isBefore(head, source, at - 1)) {
      sources[at] = sources[at - 1];
      heads[at] = heads[at - 1];
      at--;
    }
    sources[at] = source;
    heads[at] = head;
  }

  private long headOf(EntrySource source) {
    long head = Bytes.signedHead(source.keyArray(), source.keyOffset(), source.keyLength());
    return forward ? head : ~head;
  }

  /** Whether a source comes before the one at a place. */
  private boolean isBefore(long head, EntrySource source, int place) {
    if (head != heads[place]) {
      return head < heads[place];
    }
    EntrySource other = sources[place];
    int order = compareKeys(source, other);
    if (order != 0) {
      return forward == order < 0;
    }
    if (source.isDeferred() || other.isDeferred()) {
      return source.isDeferred();
    }
    return source.sequence() > other.sequence();
  }

  /// Compares the nearest key with another, of which `head` is the [Bytes#signedHead].
  int compareFirst(byte[] bound, long head) {
    long own = forward ? heads[0] : ~heads[0];
    if (own != head) {
      return own < head ? -1 : 1;
    }
    return compareKey(sources[0], bound);
  }

  /// Looks for the entry of the first source, which is deferred.
  void resolveFirst() throws IOException {
    settle(0, sources[0].resolve());
  }

  /// Forgets the first source: nothing of it is asked for.
  void removeFirst() {
    settle(0, false);
  }

  /// Has every source leave the key of the first one, which is not deferred.
  void leaveFirstKey() throws IOException {
    EntrySource first = sources[0];
    while (count > 1 && heads[1] == heads[0] && compareKeys(sources[1], first) == 0) {
      // Walking back, what is deferred gives the key that it stands before.
      settle(1, sources[1].isDeferred() ? sources[1].resolve() : step(sources[1]));
    }
    settle(0, step(first));
  }

  private boolean step(EntrySource source) throws IOException {
    return forward ? source.next() : source.previous();
  }

  /** Puts the source at a place, which has moved on, where it belongs. */
  private void settle(int place, boolean valid) {
    EntrySource source = sources[place];
    int at = place;
    if (!valid) {
      count--;
      System.arraycopy(sources, at + 1, sources, at, count - at);
      System.arraycopy(heads, at + 1, heads, at, count - at);
      return;
    }
    long head = headOf(source);
    while (at + 1 < count && !isBefore(head, source, at + 1)) {
      sources[at] = sources[at + 1];
      heads[at] = heads[at + 1];
      at++;
    }
    sources[at] = source;
    heads[at] = head;
  }

  private static int compareKeys(EntrySource a, EntrySource b) {
    return Bytes.compare(
        a.keyArray(), a.keyOffset(), a.keyLength(), b.keyArray(), b.keyOffset(), b.keyLength());
  }

  /// Compares the key that a source stands on with another.
  static int compareKey(EntrySource source, byte[] key) {
    return Bytes.compare(
        source.keyArray(), source.keyOffset(), source.keyLength(), key, 0, key.length);
  }
}
