package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// The opening of a store that was there.
///
/// @threads one at a time
@Name("dev.varve.Recovery")
@Label("Recovery")
@Category("Varve")
@Description("A store was opened")
@StackTrace(false)
public final class RecoveryEvent extends Event {
  /// The store's directory.
  @Label("Directory")
  public String directory = "";

  /// Whether the store had been closed in order.
  @Label("Clean")
  public boolean clean;

  /// The number of the last commit that was brought back.
  @Label("Last Sequence")
  public long lastSequence;

  /// How many segments of the log were read.
  @Label("Segments")
  public int segments;

  /// How many bytes of the log were read.
  @Label("Bytes")
  @DataAmount(DataAmount.BYTES)
  public long bytes;

  /// How many commits of the log were read.
  @Label("Commits")
  public long commits;

  /// How many bytes of a torn tail were cut.
  @Label("Tail Bytes Dropped")
  @DataAmount(DataAmount.BYTES)
  public long tailBytesDropped;

  /// An event that has not begun.
  public RecoveryEvent() {}
}
