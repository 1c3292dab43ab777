/// The engine `BTREE`: a B+Tree whose inner nodes are in memory and whose leaves are cached objects
/// of a slotted heap, written by epochs.
@NullMarked
package dev.varve.engine.btree;

import org.jspecify.annotations.NullMarked;
