package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class MutationsTest {
  private static MutationReader reader(MutationWriter writer) {
    return new MutationReader().reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
  }

  @Test
  void what_is_written_is_read_back() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 200; round++) {
      MutationWriter writer = new MutationWriter(round % 40);
      long seed = random.nextLong();
      SplittableRandom a = new SplittableRandom(seed);
      int count = a.nextInt(20);
      for (int i = 0; i < count; i++) {
        write(writer, a);
      }
      SplittableRandom b = new SplittableRandom(seed);
      assertEquals(count, b.nextInt(20));
      MutationReader reader = reader(writer);
      for (int i = 0; i < count; i++) {
        assertTrue(reader.next());
        check(reader, b);
      }
      assertFalse(reader.next());
      assertNull(reader.problem());
      assertEquals(count, writer.count());
      assertTrue(writer.array().length - writer.end() >= MutationWriter.TAILROOM_BYTES);
    }
  }

  private static byte[] bytes(SplittableRandom random, int min, int max) {
    byte[] bytes = new byte[random.nextInt(min, max)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static KeyRange range(SplittableRandom random) {
    byte[] a = bytes(random, 1, 20);
    return switch (random.nextInt(4)) {
      case 0 -> KeyRange.all();
      case 1 -> KeyRange.atLeast(a);
      case 2 -> KeyRange.lessThan(a);
      default -> KeyRange.of(a, bytes(random, 0, 20));
    };
  }

  private static void write(MutationWriter writer, SplittableRandom random) {
    int keyspace = random.nextInt(1, 1 << random.nextInt(2, 31));
    switch (random.nextInt(5)) {
      case 0 -> writer.put(keyspace, bytes(random, 1, 300), bytes(random, 0, 3000));
      case 1 -> writer.delete(keyspace, bytes(random, 1, 300));
      case 2 -> writer.deleteRange(keyspace, range(random));
      case 3 ->
          writer.createKeyspace(
              keyspace,
              "näme " + random.nextInt(),
              KeyspaceOptions.of(EngineKind.ofCode(1 + random.nextInt(3))));
      default -> writer.dropKeyspace(keyspace);
    }
  }

  private static void check(MutationReader reader, SplittableRandom random) {
    assertEquals(random.nextInt(1, 1 << random.nextInt(2, 31)), reader.keyspace());
    switch (random.nextInt(5)) {
      case 0 -> {
        assertEquals(MutationReader.Kind.PUT, reader.kind());
        assertArrayEquals(bytes(random, 1, 300), reader.key());
        assertArrayEquals(bytes(random, 0, 3000), reader.value());
      }
      case 1 -> {
        assertEquals(MutationReader.Kind.DELETE, reader.kind());
        assertArrayEquals(bytes(random, 1, 300), reader.key());
      }
      case 2 -> assertEquals(range(random), reader.range());
      case 3 -> {
        assertEquals("näme " + random.nextInt(), reader.name());
        assertEquals(
            KeyspaceOptions.of(EngineKind.ofCode(1 + random.nextInt(3))),
            KeyspaceOptions.parse(reader.optionsText()));
      }
      default -> assertEquals(MutationReader.Kind.DROP_KEYSPACE, reader.kind());
    }
  }

  @Test
  void any_bytes_give_mutations_or_a_problem() {
    SplittableRandom random = new SplittableRandom(2);
    int problems = 0;
    MutationReader reader = new MutationReader();
    for (int round = 0; round < 200_000; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      if (bytes.length > 0) {
        bytes[0] = (byte) random.nextInt(7);
      }
      reader.reset(bytes, 0, bytes.length);
      while (reader.next()) {
        switch (reader.kind()) {
          case PUT -> {
            assertTrue(reader.key().length >= 1);
            assertNotNull(reader.value());
          }
          case DELETE -> assertTrue(reader.key().length >= 1);
          case DELETE_RANGE -> assertNotNull(reader.range());
          case CREATE_KEYSPACE -> assertNotNull(reader.name() + reader.optionsText());
          case DROP_KEYSPACE -> assertTrue(reader.keyspace() >= 0);
          case INGEST -> assertNotNull(reader.ingestedFiles());
        }
      }
      problems += reader.problem() == null ? 0 : 1;
    }
    assertTrue(problems > 100_000);
  }

  @Test
  void every_flipped_bit_and_cut_of_an_encoding_is_read_without_harm() {
    MutationWriter writer = new MutationWriter(64);
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 12; i++) {
      write(writer, random);
    }
    byte[] sound = Arrays.copyOfRange(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
    MutationReader reader = new MutationReader();
    for (int bit = 0; bit < sound.length * 8; bit++) {
      byte[] flipped = sound.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      reader.reset(flipped, 0, flipped.length);
      while (reader.next()) {
        assertNotNull(reader.kind());
      }
    }
    for (int length = 0; length < sound.length; length++) {
      reader.reset(sound, 0, length);
      while (reader.next()) {
        assertNotNull(reader.kind());
      }
    }
  }
}
