/// The quick start: real data, a snapshot, a kill and a recovery, checked as they are shown.
@NullMarked
package dev.varve.cli.quickstart;

import org.jspecify.annotations.NullMarked;
