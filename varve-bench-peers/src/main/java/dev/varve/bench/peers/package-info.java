/// Other products that Varve is measured beside.
@NullMarked
package dev.varve.bench.peers;

import org.jspecify.annotations.NullMarked;
