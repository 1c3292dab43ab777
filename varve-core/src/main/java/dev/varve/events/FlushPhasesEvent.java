package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/// How long the phases of a flush of the engine BTREE took, which succeeded.
///
/// @threads one at a time
@Name("dev.varve.FlushPhases")
@Label("Flush Phases")
@Category("Varve")
@Description("How long the phases of a flush of the engine BTREE took")
@StackTrace(false)
public final class FlushPhasesEvent extends Event {
  /// The keyspace's name.
  @Label("Keyspace")
  public String keyspace = "";

  /// How many leaves it wrote, or took from the device.
  @Label("Leaves")
  public long leaves;

  /// Making pages and writing them.
  @Label("Serialize")
  @Timespan(Timespan.NANOSECONDS)
  public long serialize;

  /// Moving objects together.
  @Label("Defragment")
  @Timespan(Timespan.NANOSECONDS)
  public long defragment;

  /// Making the log, the heap and its map durable.
  @Label("Commit")
  @Timespan(Timespan.NANOSECONDS)
  public long commit;

  /// Having readers find what was written.
  @Label("Publish")
  @Timespan(Timespan.NANOSECONDS)
  public long publish;

  /// An event that has not begun.
  public FlushPhasesEvent() {}
}
