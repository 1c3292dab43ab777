/// Sstables: files of sorted entries, written once. `docs/format/sstable.md` has the bytes.
///
/// [dev.varve.engine.lsm.sstable.SstableWriter] makes a file,
/// [dev.varve.engine.lsm.sstable.SstableReader] finds entries in it,
/// [dev.varve.engine.lsm.sstable.SstableCursor] walks over them. Beneath them
/// [dev.varve.engine.lsm.sstable.EntryBlock] knows the bytes of a block of entries,
/// [dev.varve.engine.lsm.sstable.BlockSource] brings sound blocks from the device, and
/// [dev.varve.engine.lsm.sstable.SstableIndex] says which one holds a key.
@NullMarked
package dev.varve.engine.lsm.sstable;

import org.jspecify.annotations.NullMarked;
