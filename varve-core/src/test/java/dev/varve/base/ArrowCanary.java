package dev.varve.base;

import dev.varve.kv.ByteSize;

/// Uses a package from below it, which is forbidden; `HouseTest` must see that. Nothing runs it.
final class ArrowCanary {
  ByteSize size() {
    return ByteSize.ofKibibytes(1);
  }
}
