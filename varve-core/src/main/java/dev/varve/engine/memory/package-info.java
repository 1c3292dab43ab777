/// The engines that keep every entry in memory: `ARRAY`, `RBTREE` and `HASH`.
///
/// All three are one [MemoryEngine] over one [RecordHeap]; they differ in their [KeyIndex]. Their
/// entries lie in a few large arrays, not in an object each: the collector has nothing to trace or
/// move, and what is accounted as memory is what is taken. `docs/decisions/0003-memory-engines.md`
/// says what else was tried.
@NullMarked
package dev.varve.engine.memory;

import org.jspecify.annotations.NullMarked;
