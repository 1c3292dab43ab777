@NullMarked
package dev.varve.log;

import org.jspecify.annotations.NullMarked;
