package dev.varve.kv;

import java.util.List;
import java.util.Map;

/// What is in one file of a store, read without the store.
///
/// @param kind what kind of file it is
/// @param properties what its header says, by name, in order
/// @param items its parts, in order
/// @param problems what is wrong with it, one sentence each; empty for a sound file
public record FileInspection(
    String kind, Map<String, String> properties, List<Item> items, List<String> problems) {

  /// A part of the file.
  ///
  /// @param offset where it begins
  /// @param length how many bytes it takes
  /// @param what what it is
  /// @param detail more of it, for people
  public record Item(long offset, long length, String what, String detail) {}

  public FileInspection {
    properties = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(properties));
    items = List.copyOf(items);
    problems = List.copyOf(problems);
  }
}
