@NullMarked
package dev.varve.engine.lsm.sstable;

import org.jspecify.annotations.NullMarked;
