package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// The writing of what an engine had in memory only to a file: of a memtable, of a snapshot file,
/// or of the leaves that changed in an epoch.
///
/// @threads one at a time
@Name("dev.varve.Flush")
@Label("Flush")
@Category("Varve")
@Description("What an engine had in memory was written to a file")
@StackTrace(false)
public final class FlushEvent extends Event {
  /// The keyspace's name.
  @Label("Keyspace")
  public String keyspace = "";

  /// The keyspace's engine.
  @Label("Engine")
  public String engine = "";

  /// How many entries there were in memory; of the engine BTREE, how many leaves.
  @Label("Entries")
  public long entries;

  /// How many bytes of files it wrote; 0 when none were needed.
  @Label("Bytes")
  @DataAmount(DataAmount.BYTES)
  public long bytes;

  /// Whether the file is part of the keyspace now.
  @Label("Succeeded")
  public boolean succeeded;

  /// An event that has not begun.
  public FlushEvent() {}
}
