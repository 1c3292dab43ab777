package dev.varve.cli;

/// What a command was to work on is not there; the message says so and what there is instead.
final class AbsentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  AbsentException(String message) {
    super(message);
  }
}
