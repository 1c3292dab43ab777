package dev.varve.model;

import dev.varve.fs.CrashImage;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.util.function.Supplier;

/// A store that lives through closings, kills and power cuts, for a list of operations to be
/// carried out on.
///
/// @threads one at a time
public interface StoreLife {
  /// The store, which is open.
  Store store();

  /// What a keyspace of this name is made with; for one name always with the same engine.
  KeyspaceOptions options(String keyspace);

  /// Carries out one operation, on whichever thread, and then what is to run behind it.
  ///
  /// @param waits whether it waits for what runs in the background
  String perform(boolean waits, Supplier<String> operation);

  /// Lets so much time pass that everything runs that was to run later.
  void idle();

  /// Closes the store and opens it again.
  ///
  /// @param held whether cursors are open, which keep their files
  /// @throws IllegalStateException when the closed store leaves files open for no reason
  void reopen(boolean held);

  /// Ends the process, at once, and opens what it leaves.
  void kill();

  /// Cuts the power and opens what that leaves.
  void cut(CrashImage image);

  /// Closes the store for good.
  ///
  /// @throws IllegalStateException when it leaves files open
  void close();
}
