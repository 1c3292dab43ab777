/// Objects of a B+Tree keyspace on the device: a file of slots that are written copy-on-write
/// ([Heap]), and a map of which objects there are and where.
///
/// `docs/format/heap.md` and `docs/format/heap-map.md` have the bytes.
@NullMarked
package dev.varve.engine.btree.heap;

import org.jspecify.annotations.NullMarked;
