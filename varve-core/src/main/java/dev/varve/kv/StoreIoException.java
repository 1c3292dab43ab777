package dev.varve.kv;

import java.io.IOException;

/// The operating system or the device refused something that the store needs.
public final class StoreIoException extends VarveException {
  private static final long serialVersionUID = 1L;

  public StoreIoException(String message, IOException cause) {
    super(message + ": " + cause, cause);
  }
}
