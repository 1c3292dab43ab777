package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// What ranges hold, at the ends of what a key can be.
final class KeyRangeTest {
  private static final byte[] LONGEST = filled('m');
  private static final byte[] LAST = filled(0xFF);

  private static byte[] filled(int value) {
    byte[] key = new byte[Limits.KEY_BYTES_MAX];
    Arrays.fill(key, (byte) value);
    return key;
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void the_longest_key_has_neighbours_of_which_none_is_longer() {
    KeyRange above = KeyRange.greaterThan(LONGEST);
    assertFalse(above.contains(LONGEST));
    assertTrue(above.contains(b("n")));
    assertEquals(Limits.KEY_BYTES_MAX, above.from().length);
    KeyRange upTo = KeyRange.atMost(LONGEST);
    assertTrue(upTo.contains(LONGEST));
    assertFalse(upTo.contains(b("n")));
    assertEquals(Limits.KEY_BYTES_MAX, upTo.to().length);
    KeyRange only = KeyRange.closed(LONGEST, LONGEST);
    assertTrue(only.contains(LONGEST));
    assertFalse(only.isEmpty());
  }

  @Test
  void behind_the_last_key_there_is_none() {
    assertTrue(KeyRange.greaterThan(LAST).isEmpty());
    assertTrue(KeyRange.atMost(LAST).isAll());
    assertEquals(KeyRange.atLeast(b("k")), KeyRange.closed(b("k"), LAST));
    assertTrue(KeyRange.closed(LAST, b("k")).isEmpty());
  }

  @Test
  void what_no_key_can_be_is_an_end_like_any_other() {
    byte[] longer = Arrays.copyOf(LONGEST, Limits.KEY_BYTES_MAX + 7);
    assertTrue(KeyRange.atMost(longer).contains(LONGEST));
    assertFalse(KeyRange.greaterThan(longer).contains(LONGEST));
    assertTrue(KeyRange.greaterThan(longer).contains(b("n")));
    assertFalse(KeyRange.atMost(longer).contains(b("n")));
  }
}
