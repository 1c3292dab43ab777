@NullMarked
package dev.varve.engine.btree;

import org.jspecify.annotations.NullMarked;
