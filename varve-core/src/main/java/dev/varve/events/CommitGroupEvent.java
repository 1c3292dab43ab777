package dev.varve.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// Commits that waited for the disk and that one sync served together.
///
/// @threads one at a time
@Name("dev.varve.CommitGroup")
@Label("Commit Group")
@Category("Varve")
@Description("Commits that one sync made durable together")
@StackTrace(false)
public final class CommitGroupEvent extends Event {
  /// How many threads waited for their commits to be durable, the one that synced included.
  @Label("Waiting")
  public int waiting;

  /// Every commit up to this number is durable now.
  @Label("Durable Through")
  public long durableThrough;

  /// An event that has not begun.
  public CommitGroupEvent() {}
}
