package dev.varve.bench;

import java.util.List;
import java.util.ServiceLoader;

/// Another product that Varve is measured beside. The driver finds those that are on its class path
/// ([ServiceLoader]); they are fetched only when somebody asks for their rows.
public interface Peer extends Product {
  /// All that are here, in the order in which they are listed.
  static List<Peer> all() {
    return ServiceLoader.load(Peer.class).stream().map(ServiceLoader.Provider::get).toList();
  }
}
