/// Tests of the engine's parts that are not reached through a store alone.
@NullMarked
package dev.varve.engine.lsm;

import org.jspecify.annotations.NullMarked;
