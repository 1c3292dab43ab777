package dev.varve.fs;

import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// The bytes of a file in memory: as programs see them, and as the device holds them.
///
/// @threads guarded by the file system's lock, but for the bytes of a mapped file, which whoever
///   mapped it may store into at any time
final class MemoryInode {
  static final int BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;

  private final boolean durabilityKept;
  private byte[] content = new byte[0];
  private int size;

  /** What survives a crash for certain. */
  private byte[] durable = new byte[0];

  /** Blocks that a failed sync marked clean: not written by later syncs until they change again. */
  private final Map<Integer, byte[]> lost = new HashMap<>();

  private int mappings;

  MemoryInode(boolean durabilityKept) {
    this.durabilityKept = durabilityKept;
  }

  /** A file that holds `bytes`, all of them durable. */
  private MemoryInode(byte[] bytes) {
    this.durabilityKept = true;
    this.content = bytes;
    this.size = bytes.length;
    this.durable = bytes.clone();
  }

  /** The same file as another process sees it: content and device as they are, nothing mapped. */
  MemoryInode copy() {
    MemoryInode copy = new MemoryInode(durabilityKept);
    copy.content = Arrays.copyOf(content, size);
    copy.size = size;
    copy.durable = durable.clone();
    copy.lost.putAll(lost);
    return copy;
  }

  int size() {
    return size;
  }

  int read(long position, MemorySegment target) {
    if (position >= size) {
      return 0;
    }
    int count = (int) Math.min(target.byteSize(), size - position);
    MemorySegment.copy(MemorySegment.ofArray(content), position, target, 0, count);
    return count;
  }

  void write(long position, MemorySegment source, Path path) throws FileSystemException {
    long end = position + source.byteSize();
    grow(end, path);
    lost.keySet()
        .removeIf(block -> block >= position / BLOCK_BYTES && block <= (end - 1) / BLOCK_BYTES);
    MemorySegment.copy(source, 0, MemorySegment.ofArray(content), position, source.byteSize());
  }

  void grow(long newSize, Path path) throws FileSystemException {
    if (newSize <= size) {
      return;
    }
    requireUnmapped(path);
    if (newSize > Integer.MAX_VALUE - 8) {
      throw new NoSpaceException(path);
    }
    if (newSize > content.length) {
      content =
          Arrays.copyOf(
              content, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(newSize, size * 3L / 2)));
    }
    size = (int) newSize;
  }

  void truncate(long newSize, Path path) throws FileSystemException {
    if (newSize < size) {
      requireUnmapped(path);
      Arrays.fill(content, (int) newSize, size, (byte) 0);
      size = (int) newSize;
    }
  }

  private void requireUnmapped(Path path) throws FileSystemException {
    if (mappings > 0) {
      throw new FileSystemException(path.toString(), null, "its length changed while mapped");
    }
  }

  byte[] map() {
    if (content.length != size) {
      content = Arrays.copyOf(content, size);
    }
    mappings++;
    return content;
  }

  void unmap() {
    mappings--;
  }

  /** Makes the bytes from `from` to before `to` durable; `all` sets the length too. */
  void sync(int from, int to, boolean all) {
    if (!durabilityKept) {
      return;
    }
    if (all && durable.length != size) {
      durable = Arrays.copyOf(durable, size);
    }
    int end = Math.min(to, size);
    if (end > durable.length) {
      durable = Arrays.copyOf(durable, end);
    }
    for (int at = from - from % BLOCK_BYTES; at < end; at += BLOCK_BYTES) {
      int blockEnd = Math.min(at + BLOCK_BYTES, durable.length);
      byte[] given = lost.get(at / BLOCK_BYTES);
      if (given != null) {
        if (Arrays.equals(given, 0, given.length, content, at, at + given.length)) {
          continue;
        }
        lost.remove(at / BLOCK_BYTES);
      }
      System.arraycopy(content, at, durable, at, blockEnd - at);
    }
  }

  /** What a failed sync of the range does to it. */
  void failSync(int from, int to, SyncFailure failure) {
    int end = Math.min(to, size);
    for (int at = from - from % BLOCK_BYTES; at < end; at += BLOCK_BYTES) {
      int blockEnd = Math.min(at + BLOCK_BYTES, size);
      if (!isDirty(at, blockEnd)) {
        continue;
      }
      switch (failure) {
        case PAGES_MARKED_CLEAN ->
            lost.put(at / BLOCK_BYTES, Arrays.copyOfRange(content, at, blockEnd));
        case PAGES_REVERTED -> copyDurable(at, blockEnd, content);
        case REPORTED_LATE -> {}
      }
    }
  }

  private boolean isDirty(int at, int end) {
    return end > durable.length || !Arrays.equals(content, at, end, durable, at, end);
  }

  /** Copies the device's bytes of a range, zeros past its end. */
  private void copyDurable(int at, int end, byte[] target) {
    int kept = Math.clamp(durable.length - (long) at, 0, end - at);
    if (kept > 0) {
      System.arraycopy(durable, at, target, at, kept);
    }
    Arrays.fill(target, at + kept, end, (byte) 0);
  }

  /** What the device holds after a power cut. */
  MemoryInode afterCrash(CrashImage.Mode mode, SplittableRandom random) {
    return switch (mode) {
      case SYNCED_ONLY -> new MemoryInode(durable.clone());
      case ALL, NAMES_SUBSET, RENAMES_REVERTED, DELETES_UNDONE -> withAllButLost();
      case RANDOM_BLOCKS -> withSome(BLOCK_BYTES, random);
      case TORN_SECTORS -> withSome(SECTOR_BYTES, random);
      case GROWN_ZERO, GROWN_STALE -> {
        byte[] image = Arrays.copyOf(durable, Math.max(size, durable.length));
        if (mode == CrashImage.Mode.GROWN_STALE) {
          for (int at = durable.length; at < image.length; at++) {
            image[at] = (byte) random.nextInt();
          }
        }
        yield new MemoryInode(image);
      }
    };
  }

  private MemoryInode withAllButLost() {
    byte[] image = Arrays.copyOf(content, size);
    for (int block : lost.keySet()) {
      int at = block * BLOCK_BYTES;
      if (at < size) {
        copyDurable(at, Math.min(at + BLOCK_BYTES, size), image);
      }
    }
    return new MemoryInode(image);
  }

  private MemoryInode withSome(int unit, SplittableRandom random) {
    int length = size == durable.length || random.nextBoolean() ? size : durable.length;
    byte[] image = new byte[length];
    double chance = random.nextDouble();
    for (int at = 0; at < length; at += unit) {
      int end = Math.min(at + unit, length);
      boolean clean = lost.containsKey(at / BLOCK_BYTES);
      if (end <= size && !clean && random.nextDouble() < chance) {
        System.arraycopy(content, at, image, at, end - at);
      } else {
        copyDurable(at, end, image);
      }
    }
    return new MemoryInode(image);
  }

  byte[] bytes() {
    return Arrays.copyOf(content, size);
  }

  void replaceBytes(byte[] bytes) {
    content = bytes.clone();
    size = bytes.length;
    durable = bytes.clone();
    lost.clear();
  }
}
