/// The store: opens a directory, takes commits through the log to the engines, keeps moments
/// readable, flushes, verifies and salvages.
///
/// The way of a put: [StoreKeyspace] → [CommitPipeline] → `dev.varve.log` →
/// [dev.varve.engine.Engine] → [Moments]. The way of a get: [StoreKeyspace] →
/// [dev.varve.engine.Engine].
@NullMarked
package dev.varve.store;

import org.jspecify.annotations.NullMarked;
