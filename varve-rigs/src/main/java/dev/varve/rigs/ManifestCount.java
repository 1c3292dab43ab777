package dev.varve.rigs;

import dev.varve.format.StoreFileName;
import dev.varve.fs.FileOperation;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/// Counts how often a keyspace's manifest took the place of another one.
///
/// @threads one at a time, each seeing what the one before did
final class ManifestCount implements Consumer<FileOperation> {
  private final Set<Integer> keyspaces = new HashSet<>();
  private long replaced;

  @Override
  public void accept(FileOperation operation) {
    if (operation.kind() == FileOperation.Kind.RENAME
        && StoreFileName.parse(String.valueOf(operation.path().getFileName()))
            instanceof StoreFileName.Manifest(int keyspace, long _)
        && !keyspaces.add(keyspace)) {
      replaced++;
    }
  }

  /// Counts it.
  void count(Findings findings) {
    if (!keyspaces.isEmpty()) {
      findings.count("manifests replaced", replaced);
    }
  }
}
