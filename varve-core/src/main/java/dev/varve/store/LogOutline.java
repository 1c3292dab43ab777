package dev.varve.store;

import dev.varve.kv.IngestedFile;
import dev.varve.kv.MutationReader;
import dev.varve.log.LogEnvironment;
import dev.varve.log.LogSalvage;
import dev.varve.log.RecordKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a damaged log has, without what its commits say: from where to where it has no gap, and
/// which keyspaces came and went, and which files of theirs it took in.
///
/// @param runs numbers that follow each other without a gap, ascending
/// @param made the keyspaces that it makes, by number
/// @param dropped the numbers of those that it drops
/// @param ingested the files that its commits took in, ascending by commit
record LogOutline(
    List<Run> runs, Map<Integer, Made> made, Set<Integer> dropped, List<Taken> ingested) {
  /// Numbers without a gap.
  record Run(long first, long last) {}

  /// A keyspace that is made.
  record Made(String name, String options) {}

  /// A file that a commit took into a keyspace.
  record Taken(int keyspace, long sequence, IngestedFile file) {}

  /// Reads the log.
  ///
  /// @throws IOException when the device refuses
  static LogOutline of(LogEnvironment log) throws IOException {
    List<Run> runs = new ArrayList<>();
    Map<Integer, Made> made = new HashMap<>();
    Set<Integer> dropped = new HashSet<>();
    List<Taken> ingested = new ArrayList<>();
    MutationReader mutations = new MutationReader();
    LogSalvage.salvage(
        log,
        0,
        (kind, sequence, array, offset, length) -> {
          if (!runs.isEmpty() && runs.getLast().last + 1 == sequence) {
            runs.set(runs.size() - 1, new Run(runs.getLast().first, sequence));
          } else {
            runs.add(new Run(sequence, sequence));
          }
          if (kind == RecordKind.COMMIT) {
            mutations.reset(array, offset, offset + length);
            note(mutations, made, dropped);
            mutations.reset(array, offset, offset + length);
            noteIngests(sequence, mutations, ingested);
          }
        },
        loss -> {});
    return new LogOutline(
        List.copyOf(runs), Map.copyOf(made), Set.copyOf(dropped), List.copyOf(ingested));
  }

  private static void note(
      MutationReader mutations, Map<Integer, Made> made, Set<Integer> dropped) {
    while (mutations.next()) {
      switch (mutations.kind()) {
        case CREATE_KEYSPACE -> {
          Made one = new Made(mutations.name(), mutations.optionsText());
          @Nullable Made _ = made.put(mutations.keyspace(), one);
        }
        case DROP_KEYSPACE -> {
          boolean _ = dropped.add(mutations.keyspace());
        }
        case PUT, DELETE, DELETE_RANGE, INGEST -> {}
      }
    }
  }

  private static void noteIngests(long sequence, MutationReader mutations, List<Taken> ingested) {
    while (mutations.next()) {
      if (mutations.kind() == MutationReader.Kind.INGEST) {
        for (IngestedFile file : mutations.ingestedFiles()) {
          ingested.add(new Taken(mutations.keyspace(), sequence, file));
        }
      }
    }
  }

  /// The files that it took into a keyspace.
  List<Taken> ingested(int keyspace) {
    return ingested.stream().filter(taken -> taken.keyspace == keyspace).toList();
  }

  /// The commit behind which the log begins; 0 when it is empty.
  long begin() {
    return runs.isEmpty() ? 0 : runs.getFirst().first - 1;
  }

  /// The commit behind which the log goes over files that hold commits up to `greatest`, not all of
  /// them: from there on it has no gap before all that the files may hold is behind it. Where there
  /// is a gap, what lies before it is older than what the files may have.
  long over(long greatest) {
    for (Run run : runs) {
      if (run.last >= greatest) {
        return run.first - 1;
      }
    }
    return greatest;
  }
}
