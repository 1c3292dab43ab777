/// Tests of the command, as its users see it.
@NullMarked
package dev.varve.cli;

import org.jspecify.annotations.NullMarked;
