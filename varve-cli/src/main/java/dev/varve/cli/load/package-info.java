/// Reads rows from files, one format each, and loads them in batches that can be resumed.
@NullMarked
package dev.varve.cli.load;

import org.jspecify.annotations.NullMarked;
