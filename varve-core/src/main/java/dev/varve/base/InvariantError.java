package dev.varve.base;

/// A state that the code rules out was found: a defect of Varve, never of its user.
public final class InvariantError extends AssertionError {
  private static final long serialVersionUID = 1L;

  public InvariantError(String message) {
    super(message);
  }

  public InvariantError(String message, Throwable cause) {
    super(message, cause);
  }
}
