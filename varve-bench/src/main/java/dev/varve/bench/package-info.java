/// Programs that measure Varve. Not published.
@NullMarked
package dev.varve.bench;

import org.jspecify.annotations.NullMarked;
