package dev.varve.kv;

import dev.varve.base.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The keys from one key on and before another, either of which may be missing.
///
/// @threads immutable
public final class KeyRange {
  private static final byte[] LEAST = {};
  private static final KeyRange ALL = new KeyRange(null, null);
  private static final KeyRange NOTHING = new KeyRange(null, LEAST);

  private final byte @Nullable [] from;
  private final byte @Nullable [] to;

  private KeyRange(byte @Nullable [] from, byte @Nullable [] to) {
    this.from = from;
    this.to = to;
  }

  /// Every key.
  public static KeyRange all() {
    return ALL;
  }

  /// The keys that begin with `prefix`.
  public static KeyRange prefix(byte[] prefix) {
    byte[] after = Bytes.afterPrefix(prefix);
    return new KeyRange(
        prefix.length == 0 ? null : prefix.clone(), after.length == 0 ? null : after);
  }

  /// `from` itself and every greater key.
  public static KeyRange atLeast(byte[] from) {
    return new KeyRange(from.clone(), null);
  }

  /// Every key greater than `from`.
  public static KeyRange greaterThan(byte[] from) {
    byte[] next = Bytes.after(from, Limits.KEY_BYTES_MAX);
    return next.length == 0 ? NOTHING : new KeyRange(next, null);
  }

  /// Every key less than `to`.
  public static KeyRange lessThan(byte[] to) {
    return new KeyRange(null, to.clone());
  }

  /// `to` itself and every lesser key.
  public static KeyRange atMost(byte[] to) {
    return new KeyRange(null, nextOrNull(to));
  }

  /// `from` itself and every key up to, but not with, `to`. Empty when `to` is not greater.
  public static KeyRange of(byte[] from, byte[] to) {
    return new KeyRange(from.clone(), to.clone());
  }

  /// `from` itself and every key up to, and with, `to`.
  public static KeyRange closed(byte[] from, byte[] to) {
    return new KeyRange(from.clone(), nextOrNull(to));
  }

  /** The least key that is greater; null when there is none. */
  private static byte @Nullable [] nextOrNull(byte[] key) {
    byte[] next = Bytes.after(key, Limits.KEY_BYTES_MAX);
    return next.length == 0 ? null : next;
  }

  /// The least key in the range, or null when it has no lower end.
  public byte @Nullable [] from() {
    return from == null ? null : from.clone();
  }

  /// The least key past the range, or null when it has no upper end.
  public byte @Nullable [] to() {
    return to == null ? null : to.clone();
  }

  /// Whether the range has neither end.
  public boolean isAll() {
    return from == null && to == null;
  }

  /// Whether no key can be in it.
  public boolean isEmpty() {
    return to != null && (to.length == 0 || (from != null && Bytes.compare(from, to) >= 0));
  }

  /// Whether `key` is in it.
  public boolean contains(byte[] key) {
    return !isBelow(key) && !isAbove(key);
  }

  /// Whether `key` is less than every key in it.
  public boolean isBelow(byte[] key) {
    return from != null && Bytes.compare(key, from) < 0;
  }

  /// Whether `key` is greater than every key in it.
  public boolean isAbove(byte[] key) {
    return to != null && Bytes.compare(key, to) >= 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeyRange range
        && Arrays.equals(from, range.from)
        && Arrays.equals(to, range.to);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(from) + Arrays.hashCode(to);
  }

  /// Says only how long the ends are: keys do not belong in logs.
  @Override
  public String toString() {
    return "KeyRange["
        + (from == null ? "-" : from.length + " B")
        + ", "
        + (to == null ? "-" : to.length + " B")
        + ")";
  }
}
