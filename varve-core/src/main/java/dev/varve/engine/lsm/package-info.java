/// The engine of log-structured merge trees: [LsmEngine].
@NullMarked
package dev.varve.engine.lsm;

import org.jspecify.annotations.NullMarked;
