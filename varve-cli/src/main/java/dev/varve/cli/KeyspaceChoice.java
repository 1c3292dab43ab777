package dev.varve.cli;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say which keyspace.
final class KeyspaceChoice {
  @Option(
      names = {"-k", "--keyspace"},
      paramLabel = "KEYSPACE",
      required = true,
      description = "The keyspace.")
  private String name = "";

  String name() {
    return name;
  }

  /// The keyspace, which must exist.
  Keyspace existing(Store store) {
    return find(store, name);
  }

  /// The keyspace of a name, which must exist.
  static Keyspace find(Store store, String name) {
    Optional<Keyspace> found = store.findKeyspace(name);
    if (found.isEmpty()) {
      throw new AbsentException(
          "there is no keyspace '"
              + name
              + "'; "
              + Nearest.hint(name, store.keyspaces().stream().map(Keyspace::name).toList()));
    }
    return found.get();
  }

  /// Options of commands that write.
  static final class Writing {
    @Option(
        names = "--engine",
        paramLabel = "KIND",
        description =
            "The engine of a keyspace that is made now: array, rbtree, hash or lsm. Default: the"
                + " store's, at first rbtree.")
    private @Nullable String engine;

    @Option(
        names = "--durability",
        paramLabel = "LEVEL",
        description =
            "When writes are acknowledged: sync, group, periodic or none. Default: the store's, at"
                + " first group.")
    private @Nullable String durability;

    /// The keyspace, made when there is none.
    Keyspace existingOrNew(Store store, String name) {
      return engine == null
          ? store.keyspace(name)
          : store.keyspace(name, KeyspaceOptions.of(KeyspaceOptions.engineKind(engine)));
    }

    /// The level.
    Durability durability(Store store) {
      return durability == null
          ? store.options().durability()
          : StoreOptions.durabilityOf(durability);
    }

    /// Checks the names before a store is opened, or even made, for nothing.
    void check() {
      if (engine != null) {
        KeyspaceOptions.engineKind(engine);
      }
      if (durability != null) {
        StoreOptions.durabilityOf(durability);
      }
    }
  }
}
