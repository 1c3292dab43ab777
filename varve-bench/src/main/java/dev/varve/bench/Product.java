package dev.varve.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Something that makes stores which are measured side by side: an engine of Varve's, another
/// product, a map of the JDK.
public interface Product {
  /// What a product can and promises, by its own documentation.
  enum Trait {
    /// Keeps entries in the order of keys: its stores are [OrderedStore]s.
    ORDERED,
    /// Several threads may use a store at once.
    CONCURRENT,
    /// What is in a store when it is closed is there when it is opened again.
    KEEPS,
    /// A write that returned is there after the process was killed, also where nothing was synced.
    SURVIVES_KILL,
    /// Can have each write on the device when it returns ([Settings#synced]).
    SYNCS,
    /// A write that returned from such a store is there after the process was killed.
    SYNCED_SURVIVES_KILL,
    /// All entries are in memory, so there may be no more than fit.
    RESIDENT
  }

  /// How stores are made, of whatever product.
  ///
  /// @param entries how many entries there will be at most, for what must be told beforehand
  /// @param memoryBytes what caches, and memtables where there are some, may use together
  /// @param memtableBytes a memtable of this size is full
  /// @param compressed whether blocks are compressed, with LZ4, where the product can
  /// @param filterBits the bits that a filter has for each key, where there are filters
  /// @param synced whether each write is on the device when it returns, rather than with the
  ///   operating system at best
  record Settings(
      long entries,
      long memoryBytes,
      long memtableBytes,
      boolean compressed,
      int filterBits,
      boolean synced) {
    /** The share of the memory that one memtable has. */
    private static final int MEMTABLE_SHARE = 8;

    private static final int FILTER_BITS = 10;

    /// The usual ones, nothing synced.
    static Settings of(long entries, long memoryBytes, boolean compressed) {
      return new Settings(
          entries, memoryBytes, memoryBytes / MEMTABLE_SHARE, compressed, FILTER_BITS, false);
    }

    /// The same, with each write on the device when it returns.
    public Settings withSync() {
      return new Settings(entries, memoryBytes, memtableBytes, compressed, filterBits, true);
    }
  }

  /// What it is called among the subjects.
  String name();

  /// What it can and promises.
  Set<Trait> traits();

  /// What its figures must be read with: how its stores are set up, and what a write that returned
  /// is safe from. One line.
  String about();

  /// The flags that its JVMs want beyond those of the row.
  default List<String> jvmFlags() {
    return List.of();
  }

  /// Opens the store in a directory, or makes one.
  MeasuredStore open(Path directory, Settings settings);

  /// Whether it has a trait.
  default boolean is(Trait trait) {
    return traits().contains(trait);
  }
}
