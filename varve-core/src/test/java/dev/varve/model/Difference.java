package dev.varve.model;

import org.jspecify.annotations.Nullable;

/// Where a store answered what its model does not.
///
/// @param index which operation of the list, from 0; as many as there are for the look at
///   everything behind the last one
/// @param operation its text
/// @param expected what the model answers
/// @param found what the store answered
/// @param cause what it threw, if it did
public record Difference(
    int index, String operation, String expected, String found, @Nullable Throwable cause) {
  @Override
  public String toString() {
    return "operation "
        + (index + 1)
        + ", "
        + operation
        + ": expected "
        + expected
        + ", found "
        + found;
  }
}
