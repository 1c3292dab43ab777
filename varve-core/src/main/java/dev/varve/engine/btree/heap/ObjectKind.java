package dev.varve.engine.btree.heap;

import org.jspecify.annotations.Nullable;

/// What an object is to the tree.
public enum ObjectKind {
  /// A leaf; its name is its low key.
  LEAF(1),
  /// A large value; its name is its number, 8 bytes.
  VALUE(2);

  private final int code;

  ObjectKind(int code) {
    this.code = code;
  }

  /// The number that stands for it in files; never given to another kind.
  public int code() {
    return code;
  }

  /// The kind of this number, or null.
  public static @Nullable ObjectKind ofCode(int code) {
    return switch (code) {
      case 1 -> LEAF;
      case 2 -> VALUE;
      default -> null;
    };
  }
}
