package dev.varve.cache;

/// A part of a store that gives memory back when others need it.
///
/// @threads safe; called on the thread that needs memory, which may hold locks of its own: it takes
///   none but its own, and calls nothing but [MemoryBudget#use] with what it freed
@FunctionalInterface
public interface MemoryReclaimer {
  /// Frees `bytes` or more if it can, and tells the budget of it. Answers how many bytes it freed.
  long reclaim(long bytes);
}
