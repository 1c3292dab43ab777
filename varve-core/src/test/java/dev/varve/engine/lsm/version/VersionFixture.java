package dev.varve.engine.lsm.version;

import dev.varve.engine.lsm.version.SstableMeta.Counts;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Makes sstables that no file stands behind.
public final class VersionFixture {
  private VersionFixture() {}

  /// An sstable of 100 bytes with the keys from `from` to before `to`.
  public static SstableMeta sstable(long number, String from, @Nullable String to, long sequence) {
    return sstable(number, from, to, sequence, 100, 0);
  }

  /// An sstable of this length with so many tombstones, all of one commit.
  public static SstableMeta sstable(
      long number,
      String from,
      @Nullable String to,
      long sequence,
      long fileBytes,
      long tombstones) {
    return new SstableMeta(
        number,
        fileBytes,
        bytes(from),
        to == null ? null : bytes(to),
        new Counts(10, tombstones, 0, 80, 20),
        sequence,
        sequence,
        1000,
        0x5EED_0000L + number,
        0);
  }

  /// The bytes of a text.
  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
