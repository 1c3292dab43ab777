/// Tests.
@NullMarked
package dev.varve.engine.lsm.compaction;

import org.jspecify.annotations.NullMarked;
