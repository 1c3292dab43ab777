package dev.varve.cache;

import java.util.concurrent.atomic.AtomicReferenceArray;

/// Arrays that blocks pass through on their way from a file, kept so that not each of them has to
/// be made.
///
/// @threads safe
public final class ReadBuffers {
  private static final int SLOTS = 16;

  /** Longer ones are not kept. */
  private static final int BYTES_MAX = 16 << 10;

  private final AtomicReferenceArray<byte[]> free = new AtomicReferenceArray<>(SLOTS);

  /// No array yet.
  ReadBuffers() {}

  private static int slot() {
    return (int) Thread.currentThread().threadId() & SLOTS - 1;
  }

  /// An array of at least so many bytes with anything in it, nobody else's until it is given back.
  public byte[] take(int length) {
    byte[] kept = free.getAndSet(slot(), null);
    return kept != null && kept.length >= length ? kept : new byte[length + length / 4];
  }

  /// Gives back an array; nothing of it may be in use any more.
  public void give(byte[] array) {
    if (array.length <= BYTES_MAX) {
      free.lazySet(slot(), array);
    }
  }
}
