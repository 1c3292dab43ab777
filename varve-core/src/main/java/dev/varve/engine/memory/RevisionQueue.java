package dev.varve.engine.memory;

import java.util.Arrays;

/// A queue of revisions, each a sequence number and the address of a record.
///
/// @threads one at a time
final class RevisionQueue {
  private long[] sequences = new long[16];
  private int[] addresses = new int[16];
  private int head;
  private int size;

  void add(long sequence, int address) {
    if (size == sequences.length) {
      grow();
    }
    int at = (head + size++) & (sequences.length - 1);
    sequences[at] = sequence;
    addresses[at] = address;
  }

  private void grow() {
    int capacity = sequences.length;
    long[] newSequences = Arrays.copyOf(sequences, capacity * 2);
    int[] newAddresses = Arrays.copyOf(addresses, capacity * 2);
    // What had wrapped around to the front goes behind the old end.
    System.arraycopy(sequences, 0, newSequences, capacity, head);
    System.arraycopy(addresses, 0, newAddresses, capacity, head);
    sequences = newSequences;
    addresses = newAddresses;
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /// The number of the oldest.
  long firstSequence() {
    return sequences[head];
  }

  /// Removes the oldest; answers its address.
  int removeFirst() {
    int address = addresses[head];
    head = (head + 1) & (sequences.length - 1);
    size--;
    if (size == 0 && sequences.length > 1 << 16) {
      sequences = new long[16];
      addresses = new int[16];
      head = 0;
    }
    return address;
  }

  long memoryBytes() {
    return 12L * sequences.length;
  }
}
