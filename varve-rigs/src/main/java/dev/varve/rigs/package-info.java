/// Rigs: programs that try to break a store's promises, and say how to repeat it when they do.
@NullMarked
package dev.varve.rigs;

import org.jspecify.annotations.NullMarked;
