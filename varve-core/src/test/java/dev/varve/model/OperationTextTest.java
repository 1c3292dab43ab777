package dev.varve.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is printed of operations is read as the same operations.
final class OperationTextTest {
  @Test
  void lists_that_are_drawn_are_read_as_they_are_printed() {
    for (long seed = 0; seed < 6; seed++) {
      OperationList drawn = OperationDraw.draw(seed, 2_000, seed % 2 == 0);
      String text = drawn.toText();
      assertEquals(2_000, text.lines().count());
      assertEquals(text, OperationList.parse(text).toText());
      assertEquals(text, OperationDraw.draw(seed, 2_000, seed % 2 == 0).toText());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "put a k1 v1",
        "put \"a b\" \"k\\x00\\\"\\\\\" \"\" sync",
        "delete a k1 none",
        "delete-range a ..",
        "delete-range a k1..\"..\"",
        "batch : ",
        "batch group : put a k v , delete \"x,y\" k , delete-range a ..k",
        "distinct-batch : put a k v , put a k w",
        "load a",
        "load a k1=v1 \"=\"=\"a=b\"",
        "abandon-load a k1=#7*5000",
        "swap a k - v",
        "swap a k \"-\" -",
        "increment a k -9223372036854775808",
        "update a k ab*299",
        "get a@3 k",
        "get \"a@3\" k",
        "get-all a",
        "get-all a@1 k1 k2",
        "entries a ^\"\" 5",
        "count a >k",
        "count a ..=k",
        "first a k..=l",
        "cursor 1 a k..",
        "next 1",
        "previous 1 17",
        "seek-before 2 \"\"",
        "compact a ..",
        "cut names_subset 99"
      })
  void a_line_is_read_and_printed_as_it_was(String line) {
    assertEquals(line.strip(), OperationText.of(OperationParser.parse(line)).strip());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "fly a k",
        "put a k",
        "put a k v always",
        "put a k v none more",
        "put a k -",
        "batch : get a k",
        "batch put a k v",
        "get a@x k",
        "put a \"k v",
        "put a \"\"*3 v",
        "count a k",
        "delete-range a ^k",
        "load a k",
        "cut everything 1"
      })
  void a_line_that_is_none_is_refused_and_told(String line) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> OperationParser.parse(line));
    assertTrue(refused.getMessage().contains("'" + line + "'"), refused.getMessage());
  }

  @Test
  void any_bytes_have_a_word_and_many_of_one_kind_a_short_one() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = new byte[random.nextInt(120)];
      random.nextBytes(bytes);
      if (i % 3 == 0) {
        bytes = BytesText.repeated(new byte[] {1, 'a', '*'}, bytes.length);
      }
      assertArrayEquals(bytes, BytesText.parse(BytesText.text(bytes)));
    }
    assertEquals("#17*5000", BytesText.text(BytesText.random(17, 5000)));
    assertEquals("ab*5001", BytesText.text(BytesText.repeated(ascii("ab"), 5001)));
    // It begins as drawn bytes do, and is none.
    byte[] other = BytesText.random(17, 5000);
    other[4999]++;
    assertArrayEquals(other, BytesText.parse(BytesText.text(other)));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void notes_are_kept_and_other_lines_are_for_people() {
    OperationList list =
        OperationList.parse("# engine: lsm\n# options:\n# A case: by hand.\n\nput a k v\n");
    assertEquals(Map.of("engine", "lsm", "options", ""), list.notes());
    assertEquals(1, list.operations().size());
    assertEquals(list.notes(), OperationList.parse(list.toText()).notes());
    assertEquals(Map.of(), OperationList.of(List.of(new Operation.Kill())).notes());
  }
}
