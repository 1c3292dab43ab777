/// The memtable of the LSM engine: what was written last, in memory, in key order.
///
/// [Memtable] is the door. Behind it: [RecordArena] holds the records, [KeyTree] finds them by key
/// ([Leaf], [Inner], [TreePath] are its parts), [RangeTombstones] are the deleted ranges and
/// [MemtableCursor] walks. `docs/decisions/0006-memtable.md` says what else was tried.
@NullMarked
package dev.varve.engine.lsm.memtable;

import org.jspecify.annotations.NullMarked;
