package dev.varve.engine.lsm;

import dev.varve.engine.lsm.memtable.Memtable;
import java.util.ArrayList;
import java.util.List;

/// Where the entries of a keyspace are at one time.
///
/// @param active takes what is written
/// @param sealed memtables that are full, newest first
/// @param ingested files that were taken in and that the manifest does not name yet, newest first
/// @param files the rest; it has the files of `ingested` open as well
/// @threads immutable
record ReadState(Memtable active, List<Memtable> sealed, List<Ingested> ingested, FileSet files) {
  ReadState {
    sealed = List.copyOf(sealed);
    ingested = List.copyOf(ingested);
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
    return new ReadState(next, memtables(), ingested, files);
  }

  /// With files that were taken in, which `other` has open.
  ReadState withIngested(Ingested next, FileSet other) {
    List<Ingested> all = new ArrayList<>();
    all.add(next);
    all.addAll(ingested);
    return new ReadState(active, sealed, all, other);
  }

  /// With other files, which have what was `flushed` and `installed`.
  ReadState with(FileSet other, List<Memtable> flushed, List<Ingested> installed) {
    List<Memtable> rest = new ArrayList<>(sealed);
    rest.removeAll(flushed);
    List<Ingested> left = new ArrayList<>(ingested);
    left.removeAll(installed);
    return new ReadState(active, rest, left, other);
  }
}
