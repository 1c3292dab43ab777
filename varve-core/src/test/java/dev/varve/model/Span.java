package dev.varve.model;

import dev.varve.kv.KeyRange;
import java.util.Arrays;

/// A range of keys as a user writes it. What it holds is said here once more, without the help of
/// [KeyRange].
///
/// @param form which kind of range
/// @param first the lower end, the prefix, or nothing
/// @param second the upper end, or nothing
public record Span(Form form, byte[] first, byte[] second) {
  /// The ways to write a range.
  public enum Form {
    ALL,
    PREFIX,
    AT_LEAST,
    GREATER_THAN,
    LESS_THAN,
    AT_MOST,
    HALF_OPEN,
    CLOSED
  }

  private static final byte[] NOTHING = {};

  /// Every key.
  public static final Span ALL = new Span(Form.ALL, NOTHING, NOTHING);

  /// A range with one key in it: a lower end, an upper end or a prefix.
  public static Span of(Form form, byte[] key) {
    return switch (form) {
      case ALL -> ALL;
      case PREFIX, AT_LEAST, GREATER_THAN -> new Span(form, key, NOTHING);
      case LESS_THAN, AT_MOST -> new Span(form, NOTHING, key);
      case HALF_OPEN, CLOSED -> new Span(form, key, key);
    };
  }

  /// As the store takes it.
  public KeyRange range() {
    return switch (form) {
      case ALL -> KeyRange.all();
      case PREFIX -> KeyRange.prefix(first);
      case AT_LEAST -> KeyRange.atLeast(first);
      case GREATER_THAN -> KeyRange.greaterThan(first);
      case LESS_THAN -> KeyRange.lessThan(second);
      case AT_MOST -> KeyRange.atMost(second);
      case HALF_OPEN -> KeyRange.of(first, second);
      case CLOSED -> KeyRange.closed(first, second);
    };
  }

  /// Whether it has neither end, so that an engine without order takes it.
  boolean isAll() {
    return form == Form.ALL || (form == Form.PREFIX && first.length == 0);
  }

  /// Whether `key` comes before every key in it.
  boolean isBelow(byte[] key) {
    return switch (form) {
      case ALL, LESS_THAN, AT_MOST -> false;
      case PREFIX, AT_LEAST, HALF_OPEN, CLOSED -> Arrays.compareUnsigned(key, first) < 0;
      case GREATER_THAN -> Arrays.compareUnsigned(key, first) <= 0;
    };
  }

  /// Whether `key` comes behind every key in it.
  boolean isAbove(byte[] key) {
    return switch (form) {
      case ALL, AT_LEAST, GREATER_THAN -> false;
      case PREFIX -> Arrays.compareUnsigned(key, first) > 0 && !hasPrefix(key);
      case LESS_THAN, HALF_OPEN -> Arrays.compareUnsigned(key, second) >= 0;
      case AT_MOST, CLOSED -> Arrays.compareUnsigned(key, second) > 0;
    };
  }

  private boolean hasPrefix(byte[] key) {
    return key.length >= first.length
        && Arrays.equals(key, 0, first.length, first, 0, first.length);
  }

  /// Whether `key` is in it.
  boolean contains(byte[] key) {
    return !isBelow(key) && !isAbove(key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Span span
        && form == span.form
        && Arrays.equals(first, span.first)
        && Arrays.equals(second, span.second);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(first) + Arrays.hashCode(second);
  }
}
