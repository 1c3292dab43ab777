package dev.varve.engine.lsm.blob;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.varve.base.Clock;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.blob.BlobScan.Found;
import dev.varve.format.StoreId;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Blob files by themselves: what was written is read, and what is damaged never is.
final class BlobFileTest {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(1, 2);
  private static final long NUMBER = 9;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final BlobEnvironment environment =
      new BlobEnvironment(fs, DIRECTORY, STORE, 3, Clock.SYSTEM);
  private final SplittableRandom random = new SplittableRandom(5);
  private final List<byte[]> values = new ArrayList<>();
  private final List<BlobReference> references = new ArrayList<>();

  @BeforeEach
  void makeDirectory() throws IOException {
    fs.createDirectories(DIRECTORY);
  }

  private static byte[] key(int i) {
    return ("key " + i).getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] value(int length, boolean repetitive) {
    byte[] value = new byte[length];
    if (repetitive) {
      Arrays.fill(value, (byte) length);
    } else {
      random.nextBytes(value);
    }
    return value;
  }

  /** Writes values of these lengths, in turns repetitive and not. */
  private BlobInfo write(int codec, int... lengths) throws IOException {
    values.clear();
    references.clear();
    try (BlobWriter writer = new BlobWriter(environment, NUMBER, codec)) {
      for (int i = 0; i < lengths.length; i++) {
        byte[] value = value(lengths[i], i % 2 == 0);
        values.add(value);
        byte[] wider = new byte[value.length + 7];
        System.arraycopy(value, 0, wider, 3, value.length);
        references.add(writer.add(key(i), 0, key(i).length, 100 + i, wider, 3, value.length));
      }
      return writer.finish();
    }
  }

  private byte[] bytes() throws IOException {
    return fs.bytes(environment.path(NUMBER));
  }

  @Test
  void what_was_written_is_read_through_its_reference_and_by_a_walk() throws IOException {
    for (int codec : new int[] {BlockCodecs.NONE, BlockCodecs.LZ4}) {
      BlobInfo info = write(codec, 0, 1, 100, 5000, 300 << 10, 3 << 20, 17 << 20, 40);
      assertEquals(bytes().length, info.size());
      BlobReader reader = BlobReader.open(environment, NUMBER);
      assertEquals(info, reader.info());
      long sum = 0;
      for (int i = 0; i < values.size(); i++) {
        BlobReference reference = references.get(i);
        byte[] encoded = reference.encode();
        assertEquals(reference, BlobReference.decode(encoded, 0, encoded.length));
        assertEquals(values.get(i).length, reference.valueLength());
        assertArrayEquals(values.get(i), reader.get(reference), "value " + i);
        sum += reference.recordBytes();
      }
      assertEquals(info.recordBytes(), sum);
      requireWalk(reader.scan());
      reader.verify();
      reader.release();
      try (BlobScan scan = BlobScan.open(fs, environment.path(NUMBER))) {
        assertEquals(3, scan.envelope().scope());
        requireWalk(scan);
      }
    }
    assertTrue(references.get(4).storedLength() < 300 << 10, "repetitive bytes are compressed");
    assertEquals(3 << 20, references.get(5).storedLength(), "random bytes are not");
    assertEquals(17 << 20, references.get(6).storedLength(), "a very large value is not");
  }

  private void requireWalk(BlobScan scan) throws IOException {
    for (int i = 0; i < values.size(); i++) {
      assertEquals(Found.RECORD, scan.next());
      assertArrayEquals(key(i), scan.key());
      assertEquals(100 + i, scan.sequence());
      assertEquals(references.get(i), scan.reference());
      assertArrayEquals(values.get(i), scan.value());
      scan.check();
    }
    assertEquals(Found.END, scan.next());
  }

  @Test
  void every_flipped_bit_is_a_typed_error_that_names_the_file_or_harms_nothing()
      throws IOException {
    var _ = write(BlockCodecs.LZ4, 90, 33, 64, 0, 120);
    byte[] sound = bytes();
    for (int at = 0; at < sound.length; at++) {
      byte[] damaged = sound.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      fs.replaceBytes(environment.path(NUMBER), damaged);
      requireNoticed("byte " + at);
    }
    for (int length = 0; length < sound.length; length++) {
      fs.replaceBytes(environment.path(NUMBER), Arrays.copyOf(sound, length));
      requireNoticed("cut to " + length);
    }
    fs.replaceBytes(environment.path(NUMBER), Arrays.copyOf(sound, sound.length + 3));
    requireNoticed("longer");
    fs.replaceBytes(environment.path(NUMBER), sound);
    assertThrows(AssertionError.class, () -> requireNoticed("sound"), "it can see that too");
  }

  /** What can be read is right, and verification says that not all is well. */
  private void requireNoticed(String what) throws IOException {
    BlobReader reader;
    try {
      reader = BlobReader.open(environment, NUMBER);
    } catch (CorruptionException e) {
      assertEquals(environment.path(NUMBER), e.file(), what);
      return;
    } catch (FormatException e) {
      return;
    }
    boolean noticed = false;
    for (int i = 0; i < values.size(); i++) {
      try {
        assertArrayEquals(values.get(i), reader.get(references.get(i)), what);
      } catch (CorruptionException e) {
        assertEquals(environment.path(NUMBER), e.file(), what);
        assertEquals(references.get(i).offset(), e.offset(), what);
        noticed = true;
      }
    }
    try {
      reader.verify();
    } catch (CorruptionException e) {
      noticed = true;
    } finally {
      reader.release();
    }
    if (!noticed) {
      fail("nobody noticed: " + what);
    }
  }

  @Test
  void a_walk_goes_on_behind_what_is_damaged() throws IOException {
    var _ = write(BlockCodecs.NONE, 200, 300, 100_000, 500, 600);
    byte[] sound = bytes();
    // The header of the third, the value of the fourth, and the footer.
    sound[(int) references.get(2).offset() + 17] ^= 1;
    sound[(int) references.get(3).offset() + 100] ^= 1;
    sound[sound.length - 1] ^= 1;
    fs.replaceBytes(environment.path(NUMBER), sound);
    List<String> found = new ArrayList<>();
    try (BlobScan scan = BlobScan.open(fs, environment.path(NUMBER))) {
      for (Found at = scan.next(); at != Found.END; at = scan.next()) {
        found.add(describe(scan, at));
      }
    }
    assertEquals(List.of("100", "101", "damaged", "103 without value", "104", "damaged"), found);
  }

  private static String describe(BlobScan scan, Found at) throws IOException {
    if (at == Found.DAMAGED) {
      assertTrue(scan.problem().getMessage().contains("ks-3-9.blob"));
      return "damaged";
    }
    try {
      assertTrue(scan.value().length > 0);
      return "" + scan.sequence();
    } catch (CorruptionException e) {
      return scan.sequence() + " without value";
    }
  }

  @Test
  void a_file_of_another_place_is_not_taken_for_it() throws IOException {
    var _ = write(BlockCodecs.NONE, 50, 50);
    byte[] own = bytes();
    for (BlobEnvironment other :
        List.of(
            new BlobEnvironment(fs, DIRECTORY, STORE, 4, Clock.SYSTEM),
            new BlobEnvironment(fs, DIRECTORY, new StoreId(1, 3), 3, Clock.SYSTEM))) {
      fs.replaceBytes(other.path(NUMBER), own);
      assertThrows(CorruptionException.class, () -> BlobReader.open(other, NUMBER));
    }
    fs.replaceBytes(environment.path(NUMBER + 1), own);
    assertThrows(CorruptionException.class, () -> BlobReader.open(environment, NUMBER + 1));
  }

  @Test
  void a_reference_is_only_good_for_the_record_it_was_made_for() throws IOException {
    var _ = write(BlockCodecs.NONE, 50, 50);
    BlobReference own = references.getFirst();
    // The same file with other values, as a file that was written again under a number would be.
    var _ = write(BlockCodecs.NONE, 51, 50);
    assertEquals(own.offset(), references.getFirst().offset());
    BlobReader reader = BlobReader.open(environment, NUMBER);
    assertThrows(CorruptionException.class, () -> reader.get(own));
    BlobReference good = references.get(1);
    assertThrows(
        CorruptionException.class,
        () -> reader.get(new BlobReference(NUMBER, good.offset() + 1, 5, 50, 50, good.checksum())));
    assertThrows(
        CorruptionException.class,
        () -> reader.get(new BlobReference(NUMBER, Long.MAX_VALUE - 9, 5, 50, 50, 1)));
    assertThrows(
        CorruptionException.class,
        () -> reader.get(new BlobReference(NUMBER + 1, good.offset(), 5, 50, 50, 1)));
    reader.release();
    assertFalse(reader.acquire());
  }

  @Test
  void any_bytes_give_a_reference_or_none() {
    assertNull(BlobReference.decode(new byte[0], 0, 0));
    byte[] sound = new BlobReference(7, 1 << 20, 12, 4000, 5000, -3).encode();
    for (int length = 0; length < sound.length; length++) {
      assertNull(BlobReference.decode(sound, 0, length));
    }
    for (int round = 0; round < 100_000; round++) {
      byte[] bytes = new byte[random.nextInt(30)];
      random.nextBytes(bytes);
      int from = bytes.length == 0 ? 0 : random.nextInt(bytes.length);
      BlobReference reference = BlobReference.decode(bytes, from, bytes.length - from);
      if (reference != null) {
        assertArrayEquals(Arrays.copyOfRange(bytes, from, bytes.length), reference.encode());
      }
    }
  }
}
