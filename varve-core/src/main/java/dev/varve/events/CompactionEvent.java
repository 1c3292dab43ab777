package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A compaction: files that were merged into others, or moved a level down.
///
/// @threads one at a time
@Name("dev.varve.Compaction")
@Label("Compaction")
@Category("Varve")
@Description("Files were merged into others, or moved a level down")
@StackTrace(false)
public final class CompactionEvent extends Event {
  /// The keyspace's name.
  @Label("Keyspace")
  public String keyspace = "";

  /// The upper level of its inputs.
  @Label("Level")
  public int level;

  /// The level of its outputs.
  @Label("Output Level")
  public int outputLevel;

  /// How many files it took.
  @Label("Inputs")
  public int inputs;

  /// How many files it made; 0 for a move.
  @Label("Outputs")
  public int outputs;

  /// How long its inputs are; 0 for a move.
  @Label("Bytes Read")
  @DataAmount(DataAmount.BYTES)
  public long bytesRead;

  /// How long its complete outputs are; 0 for a move.
  @Label("Bytes Written")
  @DataAmount(DataAmount.BYTES)
  public long bytesWritten;

  /// merged, moved, cancelled or failed.
  @Label("Result")
  public String result = "";

  /// An event that has not begun.
  public CompactionEvent() {}
}
