/// The write-ahead log: lanes of segments of records, group commit, replay. `docs/format/log.md`
/// has the bytes and says how recovery tells a torn tail from damage.
@NullMarked
package dev.varve.log;

import org.jspecify.annotations.NullMarked;
