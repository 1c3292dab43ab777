package dev.varve.cli.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TextTest {
  @Test
  void escaped_bytes_are_one_line_and_read_back() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = new byte[random.nextInt(30)];
      random.nextBytes(bytes);
      if (random.nextBoolean()) {
        bytes =
            "\\x00\n\tü\u202E€😀\r".substring(random.nextInt(9)).getBytes(StandardCharsets.UTF_8);
      }
      String escaped = Escapes.escape(bytes);
      String repeat = "TextTest.escaped_bytes_are_one_line_and_read_back, seed " + seed;
      assertFalse(escaped.contains("\n") || escaped.contains("\t"), repeat);
      byte[] utf8 = escaped.getBytes(StandardCharsets.UTF_8);
      assertArrayEquals(bytes, Escapes.unescape(utf8, 0, utf8.length), repeat);
    }
  }

  @Test
  void amounts_have_three_digits_and_a_unit() {
    assertEquals("999 ns", Amounts.nanos(999L));
    assertEquals("1.50 us", Amounts.nanos(1500L));
    assertEquals("38.1 ms", Amounts.nanos(38_100_000L));
    assertEquals("119 s", Amounts.nanos(119_000_000_000L));
    assertEquals("2 min 5 s", Amounts.nanos(125_000_000_000L));
    assertEquals("2 h 5 min", Amounts.nanos(7_500_000_000_000L));
    assertEquals("9,999/s", Amounts.rate(9999));
    assertEquals("15.2 k/s", Amounts.rate(15_200));
    assertEquals("1.52 M/s", Amounts.rate(1_520_000));
    assertEquals("1 row", Amounts.count(1, "row"));
    assertEquals("48,184 rows", Amounts.count(48_184, "row"));
  }

  @Test
  void a_hint_names_what_is_near_or_else_what_there_is() {
    assertEquals("did you mean 'rbtree'?", Nearest.hint("RBTRE", List.of("array", "rbtree")));
    assertEquals("there is array, rbtree", Nearest.hint("lsm", List.of("array", "rbtree")));
    assertEquals("there is none yet", Nearest.hint("a", List.of()));
  }
}
