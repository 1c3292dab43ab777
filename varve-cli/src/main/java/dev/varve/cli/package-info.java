/// The `varve` command: its entry point, its options, and one class for each subcommand.
@NullMarked
package dev.varve.cli;

import org.jspecify.annotations.NullMarked;
