package dev.varve.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;

/// Another product that Varve is measured beside. The driver finds those that are on its class path
/// ([ServiceLoader]); they are fetched only when somebody asks for their rows.
public interface Peer {
  /// How stores are made, of whatever product.
  ///
  /// @param memoryBytes what memtables and caches may use together
  /// @param memtableBytes a memtable of this size is full
  /// @param compressed whether blocks are compressed, with LZ4
  /// @param filterBits the bits that a filter has for each key
  record Settings(long memoryBytes, long memtableBytes, boolean compressed, int filterBits) {}

  /// What it is called among the subjects.
  String name();

  /// Opens the store in a directory, or makes one.
  OrderedStore open(Path directory, Settings settings);

  /// All that are here.
  static List<Peer> all() {
    return ServiceLoader.load(Peer.class).stream().map(ServiceLoader.Provider::get).toList();
  }
}
