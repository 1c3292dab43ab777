package dev.varve.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// A list that fails is made short and plain, and still fails.
final class OperationReducerTest {
  private static String text(List<Operation> operations) {
    return operations.stream().map(OperationText::of).collect(Collectors.joining("\n"));
  }

  private static boolean has(List<Operation> operations, String verb) {
    return operations.stream().anyMatch(o -> OperationText.of(o).startsWith(verb));
  }

  @Test
  void of_many_operations_those_are_left_that_it_takes() {
    List<Operation> drawn = new ArrayList<>(OperationDraw.draw(5, 3_000, true).operations());
    List<Operation> reduced =
        OperationReducer.reduce(
            drawn, list -> has(list, "flush") && has(list, "kill") && has(list, "put a"), 3_000);
    assertEquals(3, reduced.size(), () -> text(reduced));
  }

  @Test
  void parts_of_operations_are_left_out_and_keys_and_values_are_shortened() {
    List<Operation> list =
        OperationList.parse(
                """
                put a user/00000017 #5*4000 sync
                batch none : put a x1 y1 , delete a user/00000017 , put b x2 y2
                get-all a x1 user/00000017 x3
                cursor 1 a user/00000017..
                next 1 100
                """)
            .operations();
    List<Operation> reduced =
        OperationReducer.reduce(
            list,
            left ->
                has(left, "put a")
                    && has(left, "get-all a")
                    && has(left, "cursor 1 a")
                    && has(left, "next 1"),
            1_000);
    assertEquals("put a k1 v1\nget-all a k2\ncursor 1 a ..\nnext 1", text(reduced));
  }

  @Test
  void lengths_that_matter_are_kept_and_names_that_matter_too() {
    List<Operation> list =
        OperationList.parse("put a user/1 #5*4096\nput a user/2 v\n").operations();
    List<Operation> reduced =
        OperationReducer.reduce(
            list,
            left ->
                left.stream()
                    .anyMatch(o -> o instanceof Step.Put put && put.value().length > 1_000),
            1_000);
    assertEquals(1, reduced.size());
    int length = ((Step.Put) reduced.getFirst()).value().length;
    assertTrue(length > 1_000 && length <= 2_048, () -> text(reduced));
  }

  @Test
  void no_more_lists_are_tried_than_allowed() {
    int[] tried = new int[1];
    List<Operation> drawn = OperationDraw.draw(5, 500, true).operations();
    List<Operation> reduced =
        OperationReducer.reduce(
            drawn,
            list -> {
              tried[0]++;
              return false;
            },
            40);
    assertEquals(40, tried[0]);
    assertEquals(drawn, reduced);
  }
}
