package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A sweep of the block cache, which gave memory back to other parts of the store. Blocks that make
/// room for other blocks are no event; the statistics count them.
///
/// @threads one at a time
@Name("dev.varve.Eviction")
@Label("Eviction")
@Category("Varve")
@Description("The block cache gave memory back to other parts of the store")
@StackTrace(false)
public final class EvictionEvent extends Event {
  /// How many bytes were asked for.
  @Label("Wanted")
  @DataAmount(DataAmount.BYTES)
  public long wanted;

  /// How many bytes the cache gave back.
  @Label("Freed")
  @DataAmount(DataAmount.BYTES)
  public long freed;

  /// What the cache uses afterwards.
  @Label("Bytes")
  @DataAmount(DataAmount.BYTES)
  public long bytes;

  /// An event that has not begun.
  public EvictionEvent() {}
}
