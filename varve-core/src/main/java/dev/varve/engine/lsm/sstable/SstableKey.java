package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the seals of a file's blocks are made with, found at the one end of it or the other.
///
/// @param seal checks blocks
/// @param seed the file's
/// @param footer the footer, or null when it is not sound
/// @param soundHead whether the envelope and the seed behind it are sound
record SstableKey(BlockSeal seal, long seed, @Nullable SstableFooter footer, boolean soundHead) {
  /* Both the envelope's checksum and the seed can be had from either end: the checksum stands in the
   * envelope, is that of its other bytes, and is what the footer's checksum differs by from that of
   * its own bytes. Which of them is right is shown by a block that checks out. */

  /** Looked through for a first block that checks out. */
  private static final long TRIAL_EFFORT = 1L << 27;

  private record Candidate(int checksum, long seed) {
    BlockSeal seal() {
      return new BlockSeal(seed, checksum);
    }
  }

  /// Finds the key of a file.
  ///
  /// @throws CorruptionException when nothing in it checks out
  /// @throws IOException when the device refuses
  static SstableKey find(Path path, StoreFile file) throws IOException {
    long size = file.size();
    byte[] head = new byte[SstableFooter.DATA];
    int headLength = file.read(0, MemorySegment.ofArray(head));
    byte[] tail = new byte[SstableFooter.SIZE];
    boolean hasTail = size >= SstableFooter.DATA + SstableFooter.SIZE;
    if (hasTail) {
      int _ = file.read(size - tail.length, MemorySegment.ofArray(tail));
    }
    boolean sound = headLength == head.length && Envelope.isSound(head);
    Set<Candidate> candidates = candidates(head, tail, sound, hasTail);
    for (Candidate candidate : candidates) {
      SstableFooter footer = hasTail ? footer(path, tail, candidate, size) : null;
      if (footer != null && (sound || hasProperties(file, candidate.seal(), footer))) {
        return new SstableKey(
            candidate.seal(), candidate.seed, footer, sound && candidate.seed == front(head));
      }
    }
    for (Candidate candidate : candidates) {
      if (hasBlock(file, candidate.seal(), size)) {
        return new SstableKey(
            candidate.seal(), candidate.seed, null, sound && candidate.seed == front(head));
      }
    }
    throw new CorruptionException(path, headLength, "blocks of an sstable", "none that is sound");
  }

  private static long front(byte[] head) {
    return Bytes.getLong(head, SstableFooter.FRONT_SEED);
  }

  private static Set<Candidate> candidates(
      byte[] head, byte[] tail, boolean sound, boolean hasTail) {
    Set<Integer> checksums = new LinkedHashSet<>();
    checksums.add(Envelope.checksumOf(head));
    if (!sound) {
      checksums.add(Checksum.of(head, 0, Envelope.SIZE - Integer.BYTES));
      checksums.add(SstableFooter.envelopeChecksum(tail));
    }
    Set<Candidate> candidates = new LinkedHashSet<>();
    for (int checksum : checksums) {
      candidates.add(new Candidate(checksum, front(head)));
    }
    for (int checksum : checksums) {
      if (hasTail) {
        candidates.add(new Candidate(checksum, Bytes.getLong(tail, 0)));
      }
    }
    return candidates;
  }

  /** The footer, if it is sound with this candidate. */
  private static @Nullable SstableFooter footer(
      Path path, byte[] tail, Candidate candidate, long size) {
    try {
      SstableFooter footer = SstableFooter.read(path, tail, candidate.checksum, size);
      return footer.seed() == candidate.seed ? footer : null;
    } catch (CorruptionException e) {
      return null;
    }
  }

  private static boolean hasProperties(StoreFile file, BlockSeal seal, SstableFooter footer)
      throws IOException {
    long end = footer.fileSize() - SstableFooter.SIZE;
    BlockScan scan = new BlockScan(file, seal, 0);
    BlockScan.Place place = scan.blockAt(footer.properties(), end, 1 << 20);
    return place != null && place.type() == BlockType.PROPERTIES && place.end() == end;
  }

  private static boolean hasBlock(StoreFile file, BlockSeal seal, long size) throws IOException {
    BlockScan scan = new BlockScan(file, seal, TRIAL_EFFORT);
    return scan.first(SstableFooter.DATA, size) != null;
  }
}
