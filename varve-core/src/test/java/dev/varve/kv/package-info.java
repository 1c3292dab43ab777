@NullMarked
package dev.varve.kv;

import org.jspecify.annotations.NullMarked;
