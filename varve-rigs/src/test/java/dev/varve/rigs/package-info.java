@NullMarked
package dev.varve.rigs;

import org.jspecify.annotations.NullMarked;
