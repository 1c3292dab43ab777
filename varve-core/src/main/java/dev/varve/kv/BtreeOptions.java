package dev.varve.kv;

import java.util.List;
import java.util.Locale;

/// What concerns the engine BTREE alone.
///
/// @param order how many entries a leaf has at most, and children an inner node (`order`, 3 to
///   1000, default 64): larger leaves need fewer inner nodes and compress better, but each read
///   that misses memory brings in, and each changed leaf writes, a whole one
/// @param adaptiveOrder whether the order follows how full leaves are (`adaptive-order`, default
///   false): looked at every 10,000 changes, it grows by a fifth where they are more than 85 % full
///   and shrinks by a fifth where they are less than 35 % full; nodes made from then on have it
/// @param fill how much of the heap's file live objects are to fill, in hundredths (`fill`, 50 to
///   100, default 90): below it flushes move objects together and shorten the file, which costs
///   writing
/// @param warmUp what is brought into memory when the store is opened (`warm-up`, default `none`)
public record BtreeOptions(int order, boolean adaptiveOrder, int fill, WarmUp warmUp) {
  static final List<String> NAMES = List.of("order", "adaptive-order", "fill", "warm-up");

  private static final int ORDER_MIN = 3;
  private static final int ORDER_MAX = 1000;
  private static final int FILL_MIN = 50;
  private static final int FILL_MAX = 100;

  /// What is brought into memory, in the background, when the store is opened.
  public enum WarmUp {
    /// Nothing: leaves come to memory when they are asked for.
    NONE,
    /// What was written last, until half of the store's memory is in use.
    RECENT,
    /// Everything, in the order of the keys, until the store's memory is in use.
    FULL
  }

  /// What works for most.
  public static final BtreeOptions DEFAULTS = new BtreeOptions(64, false, 90, WarmUp.NONE);

  /// @throws UsageException when a value is outside its limits
  public BtreeOptions {
    if (order < ORDER_MIN || order > ORDER_MAX) {
      throw new UsageException(
          "'order' is from " + ORDER_MIN + " to " + ORDER_MAX + ", not " + order);
    }
    if (fill < FILL_MIN || fill > FILL_MAX) {
      throw new UsageException(
          "'fill' is from " + FILL_MIN + " to " + FILL_MAX + " hundredths, not " + fill);
    }
  }

  /// A copy with another [#order].
  public BtreeOptions withOrder(int value) {
    return new BtreeOptions(value, adaptiveOrder, fill, warmUp);
  }

  /// A copy with another [#adaptiveOrder].
  public BtreeOptions withAdaptiveOrder(boolean value) {
    return new BtreeOptions(order, value, fill, warmUp);
  }

  /// A copy with another [#fill].
  public BtreeOptions withFill(int value) {
    return new BtreeOptions(order, adaptiveOrder, value, warmUp);
  }

  /// A copy with another [#warmUp].
  public BtreeOptions withWarmUp(WarmUp value) {
    return new BtreeOptions(order, adaptiveOrder, fill, value);
  }

  /** With the option of one of [#NAMES]. */
  BtreeOptions with(String name, String value) {
    return switch (name) {
      case "order" -> withOrder(OptionText.integer(name, value));
      case "adaptive-order" -> withAdaptiveOrder(OptionText.bool(name, value));
      case "fill" -> withFill(OptionText.integer(name, value));
      case "warm-up" -> withWarmUp(OptionText.enumValue(WarmUp.class, name, value));
      default -> throw new IllegalArgumentException(name);
    };
  }

  String toText() {
    return "order="
        + order
        + "\nadaptive-order="
        + adaptiveOrder
        + "\nfill="
        + fill
        + "\nwarm-up="
        + warmUp.name().toLowerCase(Locale.ROOT)
        + "\n";
  }
}
