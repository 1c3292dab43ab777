package dev.varve.engine.lsm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Says which files that no version has any more may be deleted. It deletes none itself.
///
/// @threads safe
final class UnneededFiles {
  /* A crash leads back to what the catalog says. While a new manifest is not in the catalog, the
   * files of the one before stay; while it knows none, those that the log names. */

  /// What may be deleted.
  ///
  /// @param files sstables and blob files
  /// @param manifests manifests
  record Free(List<Long> files, List<Long> manifests) {}

  private final List<Long> waiting = new ArrayList<>();
  private final List<Long> oldManifests = new ArrayList<>();

  /** Files that the log names and that no manifest has which the catalog knows. */
  private final Set<Long> logged = new HashSet<>();

  /** Whether a state was made that is not in the catalog yet. */
  private boolean unpublished;

  /** Whether the catalog names a manifest. */
  private boolean named;

  /// Is told that the catalog names a manifest, which has everything.
  synchronized void named() {
    named = true;
    logged.clear();
  }

  /// No version has these any more; answers those that may be deleted now.
  synchronized List<Long> free(List<Long> numbers) {
    waiting.addAll(numbers);
    if (unpublished) {
      return List.of();
    }
    List<Long> free = new ArrayList<>(numbers);
    free.removeAll(logged);
    waiting.removeAll(free);
    return free;
  }

  /// The log names these and nobody else does.
  synchronized void keepLogged(Collection<Long> numbers) {
    if (!named) {
      logged.addAll(numbers);
    }
  }

  /// Those of [#keepLogged] that are still wanted.
  synchronized Set<Long> logged() {
    return Set.copyOf(logged);
  }

  /// Nothing is free from now on until [#settled]; answers whether that was so already.
  synchronized boolean publishing() {
    boolean before = unpublished;
    unpublished = true;
    return before;
  }

  /// Another manifest takes the place of this one.
  synchronized void replaced(long manifest) {
    oldManifests.add(manifest);
  }

  /// Whether it is a manifest that was replaced and is there still.
  synchronized boolean isReplaced(long manifest) {
    return oldManifests.contains(manifest);
  }

  /// The catalog and the newest manifest agree; answers what may be deleted.
  synchronized Free settled() {
    unpublished = false;
    List<Long> free = new ArrayList<>(waiting);
    free.removeAll(logged);
    waiting.removeAll(free);
    Free all = new Free(free, List.copyOf(oldManifests));
    oldManifests.clear();
    return all;
  }
}
