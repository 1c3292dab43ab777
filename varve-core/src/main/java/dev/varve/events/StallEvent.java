package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/// A writer that was held up since flushes or compactions were behind.
///
/// @threads one at a time
@Name("dev.varve.Stall")
@Label("Stall")
@Category("Varve")
@Description("A writer was held up since flushes or compactions were behind")
@StackTrace(false)
@Threshold("5 ms")
public final class StallEvent extends Event {
  /// The keyspace's name.
  @Label("Keyspace")
  public String keyspace = "";

  /// Whether it had to wait for room, or was slowed for a moment only.
  @Label("Stopped")
  public boolean stopped;

  /// How many memtables waited to be written when it began.
  @Label("Sealed Memtables")
  public int sealedMemtables;

  /// How many files there were at level 0 when it began.
  @Label("Level Zero Files")
  public int levelZeroFiles;

  /// What leaves that waited to be written took in memory when it began.
  @Label("Dirty Bytes")
  @DataAmount(DataAmount.BYTES)
  public long dirtyBytes;

  /// An event that has not begun.
  public StallEvent() {}
}
