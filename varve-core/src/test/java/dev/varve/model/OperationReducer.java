package dev.varve.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Makes a list that fails as short and as plain as it goes while it still fails: takes operations
/// away, then parts of operations, then shortens keys and values, and begins again.
///
/// @threads one at a time
/// @source Zeller, Hildebrandt, Simplifying and isolating failure-inducing input, IEEE Transactions
///   on Software Engineering 28 (2002)
public final class OperationReducer {
  private static final int ROUNDS_MAX = 6;

  private final Predicate<List<Operation>> fails;
  private final int trialsMax;
  private List<Operation> operations;
  private int trials;

  private OperationReducer(
      List<Operation> operations, Predicate<List<Operation>> fails, int trialsMax) {
    this.operations = operations;
    this.fails = fails;
    this.trialsMax = trialsMax;
  }

  /// A shorter list that fails as well.
  ///
  /// @param operations a list that fails
  /// @param fails tries a list
  /// @param trialsMax how many lists are tried at most
  public static List<Operation> reduce(
      List<Operation> operations, Predicate<List<Operation>> fails, int trialsMax) {
    OperationReducer reducer = new OperationReducer(operations, fails, trialsMax);
    reducer.reduce();
    return reducer.operations;
  }

  private void reduce() {
    boolean changed = true;
    for (int round = 0; changed && round < ROUNDS_MAX; round++) {
      changed = removeOperations();
      changed |= simplifyOperations();
      changed |= renameKeys();
      changed |= shortenValues();
    }
  }

  /** Whether a list fails; if so it is the one to go on with. */
  private boolean take(List<Operation> candidate) {
    if (trials >= trialsMax) {
      return false;
    }
    trials++;
    boolean taken = fails.test(candidate);
    if (taken) {
      operations = candidate;
    }
    return taken;
  }

  /** Takes away ever smaller parts, from the end on. */
  private boolean removeOperations() {
    boolean changed = false;
    for (int size = Math.max(1, operations.size() / 2); size >= 1; size /= 2) {
      for (int end = operations.size(); end > 0 && trials < trialsMax; end -= size) {
        List<Operation> left = new ArrayList<>(operations);
        left.subList(Math.max(0, end - size), Math.min(end, left.size())).clear();
        changed |= take(left);
      }
    }
    return changed;
  }

  private boolean simplifyOperations() {
    boolean changed = false;
    for (int i = 0; i < operations.size(); i++) {
      while (simplify(i)) {
        changed = true;
      }
    }
    return changed;
  }

  private boolean simplify(int index) {
    for (Operation simpler : SimplerOperations.than(operations.get(index))) {
      List<Operation> candidate = new ArrayList<>(operations);
      candidate.set(index, simpler);
      if (take(candidate)) {
        return true;
      }
    }
    return false;
  }

  private boolean take(UnaryOperator<byte[]> keys, UnaryOperator<byte[]> values) {
    RenamedBytes renamed = new RenamedBytes(keys, values);
    List<Operation> candidate = operations.stream().map(renamed::of).toList();
    return !texts(candidate).equals(texts(operations)) && take(candidate);
  }

  private static List<String> texts(List<Operation> operations) {
    return operations.stream().map(OperationText::of).toList();
  }

  /** Gives all keys short names in the same order, or else the long ones. */
  private boolean renameKeys() {
    SortedMap<byte[], byte[]> names = new TreeMap<>(Arrays::compareUnsigned);
    collect(names, true);
    number(names, "k");
    return take(key -> names.getOrDefault(key, key), UnaryOperator.identity())
        || shortenEach(names.keySet().toArray(byte[][]::new), true);
  }

  /** Gives all values short names, or else halves each. */
  private boolean shortenValues() {
    SortedMap<byte[], byte[]> names = new TreeMap<>(Arrays::compareUnsigned);
    collect(names, false);
    number(names, "v");
    return take(UnaryOperator.identity(), value -> names.getOrDefault(value, value))
        || shortenEach(names.keySet().toArray(byte[][]::new), false);
  }

  private boolean shortenEach(byte[][] all, boolean keys) {
    boolean changed = false;
    for (byte[] one : all) {
      byte[] now = one;
      for (int length = now.length / 2; length >= 2; length /= 2) {
        byte[] from = now;
        byte[] to = BytesText.repeated(Arrays.copyOf(one, Math.min(8, length)), length);
        UnaryOperator<byte[]> shorter = bytes -> Arrays.equals(bytes, from) ? to : bytes;
        if (!(keys
            ? take(shorter, UnaryOperator.identity())
            : take(UnaryOperator.identity(), shorter))) {
          break;
        }
        changed = true;
        now = to;
      }
    }
    return changed;
  }

  private void collect(SortedMap<byte[], byte[]> into, boolean keys) {
    UnaryOperator<byte[]> collect =
        bytes -> {
          into.put(bytes, bytes);
          return bytes;
        };
    UnaryOperator<byte[]> pass = UnaryOperator.identity();
    RenamedBytes visitor = new RenamedBytes(keys ? collect : pass, keys ? pass : collect);
    operations.forEach(visitor::of);
  }

  /** Gives short names that have the same order. */
  private static void number(SortedMap<byte[], byte[]> names, String letter) {
    int width = String.valueOf(names.size()).length();
    int number = 1;
    for (Map.Entry<byte[], byte[]> name : names.entrySet()) {
      String digits = String.format("%0" + width + "d", number++);
      name.setValue((letter + digits).getBytes(StandardCharsets.US_ASCII));
    }
  }
}
