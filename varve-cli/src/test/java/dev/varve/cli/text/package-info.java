/// Tests.
@NullMarked
package dev.varve.cli.text;

import org.jspecify.annotations.NullMarked;
