package dev.varve.bench;

import dev.varve.base.Bytes;
import dev.varve.kv.MutationReader;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// A shape that lost: leaves that are kept sorted in place, under one flat list of their first
/// heads, with a version that readers compare before and after.
///
/// It is as good as is needed to be measured: keys whose heads are equal are not told apart, there
/// is one writer, and a reader tries again as long as it is disturbed.
final class SortedLeaves implements MemtableShapes.Shape {
  private static final int LEAF_ENTRIES = 64;
  private static final int CHUNK_BYTES = 1 << 20;

  /** Less than half of G1's regions at a heap of 4 GiB. */
  private static final int CHUNK_ROOM = CHUNK_BYTES - 64;

  /** A leaf. */
  private static final class Leaf {
    volatile int version;
    int count;
    final long[] heads = new long[LEAF_ENTRIES];
    final int[] addresses = new int[LEAF_ENTRIES];
  }

  private long[] firsts = new long[1 << 16];
  private Leaf[] leaves = new Leaf[1 << 16];
  private int leafCount;
  private byte[][] chunks = new byte[1 << 12][];
  private int end;

  SortedLeaves() {
    clear();
  }

  @Override
  public String name() {
    return "sorted leaves, versions";
  }

  @Override
  public void clear() {
    leaves = new Leaf[1 << 16];
    leaves[0] = new Leaf();
    firsts[0] = Long.MIN_VALUE;
    leafCount = 1;
    chunks = new byte[1 << 12][];
    end = 0;
  }

  private int leafFor(long head) {
    int at = Arrays.binarySearch(firsts, 0, leafCount, head);
    return at >= 0 ? at : -2 - at;
  }

  @Override
  public void put(long sequence, MutationReader put) {
    long head = Bytes.head(put.array(), put.keyOffset(), put.keyLength()) ^ Long.MIN_VALUE;
    int address = append(sequence, put);
    int number = leafFor(head);
    if (leaves[number].count == LEAF_ENTRIES) {
      split(number);
      number = leafFor(head);
    }
    Leaf leaf = leaves[number];
    int at = -1 - Arrays.binarySearch(leaf.heads, 0, leaf.count, head);
    int version = leaf.version;
    leaf.version = version + 1;
    System.arraycopy(leaf.heads, at, leaf.heads, at + 1, leaf.count - at);
    System.arraycopy(leaf.addresses, at, leaf.addresses, at + 1, leaf.count - at);
    leaf.heads[at] = head;
    leaf.addresses[at] = address;
    leaf.count++;
    leaf.version = version + 2;
  }

  private void split(int number) {
    Leaf left = leaves[number];
    Leaf right = new Leaf();
    int half = LEAF_ENTRIES / 2;
    System.arraycopy(left.heads, half, right.heads, 0, half);
    System.arraycopy(left.addresses, half, right.addresses, 0, half);
    left.count = half;
    right.count = half;
    System.arraycopy(firsts, number + 1, firsts, number + 2, leafCount - number - 1);
    System.arraycopy(leaves, number + 1, leaves, number + 2, leafCount - number - 1);
    firsts[number + 1] = right.heads[0];
    leaves[number + 1] = right;
    leafCount++;
  }

  private int append(long sequence, MutationReader put) {
    int bytes = Long.BYTES + 2 * Integer.BYTES + put.keyLength() + put.valueLength();
    if ((end & (CHUNK_BYTES - 1)) + bytes > CHUNK_ROOM || end == 0) {
      end = (end + CHUNK_BYTES - 1) & -CHUNK_BYTES;
      chunks[end / CHUNK_BYTES] = new byte[CHUNK_ROOM];
    }
    byte[] chunk = chunks[end / CHUNK_BYTES];
    int at = end & (CHUNK_BYTES - 1);
    Bytes.putLong(chunk, at, sequence);
    Bytes.putInt(chunk, at + 8, put.keyLength());
    Bytes.putInt(chunk, at + 12, put.valueLength());
    System.arraycopy(put.array(), put.keyOffset(), chunk, at + 16, put.keyLength());
    System.arraycopy(
        put.array(), put.valueOffset(), chunk, at + 16 + put.keyLength(), put.valueLength());
    int address = end;
    end += bytes;
    return address;
  }

  @Override
  public int get(byte[] key) {
    long head = Bytes.head(key, 0, key.length) ^ Long.MIN_VALUE;
    while (true) {
      Leaf leaf = leaves[leafFor(head)];
      int version = leaf.version;
      int at = Arrays.binarySearch(leaf.heads, 0, leaf.count, head);
      int address = at < 0 ? -1 : leaf.addresses[at];
      VarHandle.loadLoadFence();
      if ((version & 1) == 0 && version == leaf.version) {
        return address < 0 ? -1 : valueLength(key, address);
      }
    }
  }

  private int valueLength(byte[] key, int address) {
    byte[] chunk = chunks[address / CHUNK_BYTES];
    int at = address & (CHUNK_BYTES - 1);
    int length = Bytes.getInt(chunk, at + 8);
    return Bytes.compare(key, 0, key.length, chunk, at + 16, length) == 0
        ? Bytes.getInt(chunk, at + 12)
        : -1;
  }

  @Override
  public long memoryBytes() {
    return 0;
  }
}
