@NullMarked
package dev.varve.zstd;

import org.jspecify.annotations.NullMarked;
