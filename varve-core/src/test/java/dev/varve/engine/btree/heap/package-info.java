@NullMarked
package dev.varve.engine.btree.heap;

import org.jspecify.annotations.NullMarked;
