@NullMarked
package dev.varve.engine.lsm.memtable;

import org.jspecify.annotations.NullMarked;
