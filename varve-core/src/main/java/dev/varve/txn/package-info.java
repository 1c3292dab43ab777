/// What transactions are made of: what one writes ([KeyspaceWrites]) and reads ([KeyspaceReads]),
/// what was committed meanwhile ([RecentCommits]), and locks ([LockTable]).
///
/// Nothing here knows a store. What is refused is answered, not thrown; `docs/decisions` 0014 says
/// why it is made so.
@NullMarked
package dev.varve.txn;

import org.jspecify.annotations.NullMarked;
