package dev.varve.engine.lsm;

import dev.varve.engine.lsm.memtable.Memtable;
import java.util.ArrayList;
import java.util.List;

/// Where the entries of a keyspace are at one time.
///
/// @param active takes what is written
/// @param sealed memtables that are full, newest first
/// @param files the rest
/// @threads immutable
record ReadState(Memtable active, List<Memtable> sealed, FileSet files) {
  ReadState {
    sealed = List.copyOf(sealed);
  }

  /// All memtables, newest first.
  List<Memtable> memtables() {
    List<Memtable> all = new ArrayList<>();
    all.add(active);
    all.addAll(sealed);
    return all;
  }

  /// With the active memtable sealed and `next` in its place.
  ReadState withSealed(Memtable next) {
    return new ReadState(next, memtables(), files);
  }

  /// With other files, without `flushed` among the sealed memtables.
  ReadState with(FileSet other, List<Memtable> flushed) {
    List<Memtable> rest = new ArrayList<>(sealed);
    rest.removeAll(flushed);
    return new ReadState(active, rest, other);
  }
}
