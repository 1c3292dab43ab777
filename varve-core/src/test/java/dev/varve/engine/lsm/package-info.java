/// Tests of what wires the parts of the LSM engine.
@NullMarked
package dev.varve.engine.lsm;

import org.jspecify.annotations.NullMarked;
