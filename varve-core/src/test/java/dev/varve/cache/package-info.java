@NullMarked
package dev.varve.cache;

import org.jspecify.annotations.NullMarked;
