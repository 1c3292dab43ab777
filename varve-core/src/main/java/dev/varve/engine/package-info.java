/// What a store asks of an engine: [Engine] and its surroundings.
///
/// A store gives each keyspace an engine of its own. It calls [Engine#apply] from one thread at a
/// time, in the order of sequence numbers, and everything that reads from any thread at any time.
@NullMarked
package dev.varve.engine;

import org.jspecify.annotations.NullMarked;
