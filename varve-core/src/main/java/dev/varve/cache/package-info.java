/// The store's memory: one budget that all parts share, and the cache of blocks within it.
@NullMarked
package dev.varve.cache;

import org.jspecify.annotations.NullMarked;
