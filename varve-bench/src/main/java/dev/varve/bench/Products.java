package dev.varve.bench;

import dev.varve.kv.EngineKind;
import java.util.ArrayList;
import java.util.List;

/// All products that are here.
final class Products {
  private Products() {}

  /// Varve's engines, the peers, then the JDK's maps.
  static List<Product> all() {
    List<Product> all = new ArrayList<>();
    for (EngineKind kind : EngineKind.values()) {
      all.add(new VarveProduct(kind));
    }
    all.addAll(Peer.all());
    all.addAll(MapProduct.all());
    return all;
  }

  /// The product of this name.
  ///
  /// @throws IllegalArgumentException when there is none
  static Product find(String name) {
    return all().stream()
        .filter(product -> product.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no product " + name));
  }
}
