/// The store's memory: one budget that all parts share.
@NullMarked
package dev.varve.cache;

import org.jspecify.annotations.NullMarked;
