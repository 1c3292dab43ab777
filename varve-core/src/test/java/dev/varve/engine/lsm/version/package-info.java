/// Tests.
@NullMarked
package dev.varve.engine.lsm.version;

import org.jspecify.annotations.NullMarked;
