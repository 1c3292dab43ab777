/// Tests.
@NullMarked
package dev.varve.cli.bench;

import org.jspecify.annotations.NullMarked;
