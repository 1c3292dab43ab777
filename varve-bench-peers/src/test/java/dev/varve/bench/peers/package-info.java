/// Tests of the peers.
@NullMarked
package dev.varve.bench.peers;

import org.jspecify.annotations.NullMarked;
