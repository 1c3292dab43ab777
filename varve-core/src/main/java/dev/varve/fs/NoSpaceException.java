package dev.varve.fs;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/// The device, or the quota on it, is full.
public final class NoSpaceException extends FileSystemException {
  private static final long serialVersionUID = 1L;

  public NoSpaceException(Path path, IOException cause) {
    super(path.toString(), null, "no space left on the device");
    initCause(cause);
  }

  public NoSpaceException(Path path) {
    super(path.toString(), null, "no space left on the device");
  }
}
