package dev.varve.kv;

/// The device is full. The write was refused before anything was acknowledged; reads and deletes go
/// on, and writes go on by themselves once there is space.
public final class DiskFullException extends VarveException {
  private static final long serialVersionUID = 1L;

  public DiskFullException(String message, Throwable cause) {
    super(message, cause);
  }
}
