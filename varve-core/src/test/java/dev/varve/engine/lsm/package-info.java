/// Tests.
@NullMarked
package dev.varve.engine.lsm;

import org.jspecify.annotations.NullMarked;
