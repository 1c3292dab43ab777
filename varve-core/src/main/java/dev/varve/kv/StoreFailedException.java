package dev.varve.kv;

import java.nio.file.Path;

/// The store met a failure after which nothing more may be written: a failed write or sync, or a
/// state that must not be. Reads go on; [#getCause] is the first failure. Whether the write that
/// threw this will be there after a reopen is unknown.
public final class StoreFailedException extends VarveException {
  private static final long serialVersionUID = 1L;

  public StoreFailedException(Path directory, Throwable firstCause) {
    super(
        "the store in "
            + directory
            + " failed and takes no more writes: "
            + firstCause
            + ". Check the device, then close the store and open it again",
        firstCause);
  }
}
