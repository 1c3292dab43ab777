@NullMarked
package dev.varve.filter;

import org.jspecify.annotations.NullMarked;
