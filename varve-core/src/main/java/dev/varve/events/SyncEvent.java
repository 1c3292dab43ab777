package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A sync of the log.
///
/// @threads one at a time
@Name("dev.varve.Sync")
@Label("Sync")
@Category("Varve")
@Description("A sync of the log")
@StackTrace(false)
public final class SyncEvent extends Event {
  /// How many bytes of the log it made durable.
  @Label("Bytes")
  @DataAmount(DataAmount.BYTES)
  public long bytes;

  /// How many lanes the log has.
  @Label("Lanes")
  public int lanes;

  /// Every commit up to this number was handed to the device.
  @Label("Synced Through")
  public long syncedThrough;

  /// Whether the device took it; if not, the store has failed.
  @Label("Succeeded")
  public boolean succeeded;

  /// An event that has not begun.
  public SyncEvent() {}
}
