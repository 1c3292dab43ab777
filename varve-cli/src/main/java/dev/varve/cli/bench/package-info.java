/// A workload on one store in this process, and how long its operations took.
@NullMarked
package dev.varve.cli.bench;

import org.jspecify.annotations.NullMarked;
