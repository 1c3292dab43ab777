package dev.varve.fs;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// When a [FaultFileSystem] has which fault strike: a condition on the operation and a [Fault].
///
/// Conditions compose and print themselves, so that a failing test can say what it did:
///
/// ```java
/// FaultRule rule = FaultRule.when(FaultRule.kind(Kind.SYNC).and(FaultRule.path(".*log.*")))
///     .times(1)
///     .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN));
/// ```
///
/// @threads safe
public final class FaultRule {
  /// A predicate on operations that prints itself.
  ///
  /// @threads safe
  public static final class Condition {
    private final String text;
    private final Predicate<FileOperation> test;

    private Condition(String text, Predicate<FileOperation> test) {
      this.text = text;
      this.test = test;
    }

    /// Both hold. The other is asked only where this one holds.
    public Condition and(Condition other) {
      return new Condition(
          "(" + text + " and " + other.text + ")", op -> test.test(op) && other.test.test(op));
    }

    /// At least one holds.
    public Condition or(Condition other) {
      return new Condition(
          "(" + text + " or " + other.text + ")", op -> test.test(op) || other.test.test(op));
    }

    /// This one does not hold.
    public Condition negate() {
      return new Condition("not " + text, op -> !test.test(op));
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /// A condition that waits for its fault.
  ///
  /// @threads safe
  public static final class Pending {
    private final Condition condition;

    private Pending(Condition condition) {
      this.condition = condition;
    }

    /// Only the first `count` operations for which the condition holds.
    public Pending times(long count) {
      AtomicLong left = new AtomicLong(count);
      return new Pending(
          condition.and(new Condition("first " + count, op -> left.getAndDecrement() > 0)));
    }

    /// The rule that has `fault` strike.
    public FaultRule then(Fault fault) {
      return new FaultRule(condition, fault);
    }
  }

  private final Condition condition;
  private final Fault fault;

  private FaultRule(Condition condition, Fault fault) {
    this.condition = condition;
    this.fault = fault;
  }

  /// Begins a rule.
  public static Pending when(Condition condition) {
    return new Pending(condition);
  }

  /// Every operation.
  public static Condition always() {
    return new Condition("always", op -> true);
  }

  /// The operation with this index.
  public static Condition index(long index) {
    return new Condition("#" + index, op -> op.index() == index);
  }

  /// The operations from this index on.
  public static Condition from(long index) {
    return new Condition("from #" + index, op -> op.index() >= index);
  }

  /// Operations of these kinds.
  public static Condition kind(FileOperation.Kind first, FileOperation.Kind... more) {
    Set<FileOperation.Kind> kinds = EnumSet.of(first, more);
    return new Condition("kind in " + kinds, op -> kinds.contains(op.kind()));
  }

  /// Operations that can change what a crash leaves.
  public static Condition changes() {
    return new Condition("changes", op -> op.kind().changes());
  }

  /// Operations on a file whose name (without its directory) matches a regular expression.
  public static Condition path(String regex) {
    Predicate<String> matcher = java.util.regex.Pattern.compile(regex).asMatchPredicate();
    return new Condition(
        "path " + regex, op -> matcher.test(String.valueOf(op.path().getFileName())));
  }

  /// Each operation with a chance from 0 to 1. Which ones depends on the seed and the file alone,
  /// so that threads working on different files do not disturb one another's luck.
  public static Condition chance(double chance, long seed) {
    java.util.Map<String, SplittableRandom> perFile =
        new java.util.concurrent.ConcurrentHashMap<>();
    return new Condition(
        String.format(Locale.ROOT, "chance %.4f seed %d", chance, seed),
        op -> {
          String name = op.path().toString();
          SplittableRandom random =
              perFile.computeIfAbsent(name, n -> new SplittableRandom(seed ^ n.hashCode()));
          synchronized (random) {
            return random.nextDouble() < chance;
          }
        });
  }

  /// The fault that strikes this operation, or null.
  public @Nullable Fault decide(FileOperation operation) {
    return condition.test.test(operation) ? fault : null;
  }

  /// Rules as one text, for messages.
  public static String describe(FaultRule... rules) {
    return Arrays.toString(rules);
  }

  @Override
  public String toString() {
    return "when " + condition + " then " + fault;
  }
}
