@NullMarked
package dev.varve.engine.lsm.blob;

import org.jspecify.annotations.NullMarked;
