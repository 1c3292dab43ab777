/// Which sstables of an LSM keyspace are rewritten when: [CompactionPolicy] decides, and nothing in
/// it acts.
@NullMarked
package dev.varve.engine.lsm.compaction;

import org.jspecify.annotations.NullMarked;
