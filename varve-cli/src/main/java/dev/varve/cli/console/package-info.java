/// What a command writes: lines, tables, JSON, progress and errors.
@NullMarked
package dev.varve.cli.console;

import org.jspecify.annotations.NullMarked;
