@NullMarked
package dev.varve.fs;

import org.jspecify.annotations.NullMarked;
