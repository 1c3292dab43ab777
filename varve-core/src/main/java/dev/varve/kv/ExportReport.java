package dev.varve.kv;

import java.time.Duration;
import java.util.List;

/// What an export holds, and how long it took to write, to check or to import it.
///
/// @param sequenceNumber the moment that it is of: it shows every commit up to this number
/// @param keyspaces its keyspaces, by name
/// @param entries how many entries they have together
/// @param bytes how many bytes the export has
/// @param elapsed how long it took
public record ExportReport(
    long sequenceNumber, List<Keyspace> keyspaces, long entries, long bytes, Duration elapsed) {

  /// A keyspace of an export.
  ///
  /// @param name its name
  /// @param options what it was made with, as text
  /// @param entries how many entries it has
  public record Keyspace(String name, String options, long entries) {}

  public ExportReport {
    keyspaces = List.copyOf(keyspaces);
  }
}
