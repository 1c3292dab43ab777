package dev.varve.base;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/// Expectations that tests of several packages share.
public final class Expect {
  private Expect() {}

  /// Expects `action` to throw `type` with a message that holds every one of `parts`.
  public static <T extends Throwable> T failure(Class<T> type, Executable action, String... parts) {
    T failure = assertThrows(type, action);
    String message = String.valueOf(failure.getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "expected <" + part + "> in: " + message);
    }
    return failure;
  }
}
