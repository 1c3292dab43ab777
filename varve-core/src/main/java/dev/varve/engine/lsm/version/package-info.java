/// Which files an LSM keyspace is made of: [Version], the [VersionEdit]s between versions, and the
/// [Manifest] that keeps them.
///
/// `docs/format/manifest.md` has the bytes.
@NullMarked
package dev.varve.engine.lsm.version;

import org.jspecify.annotations.NullMarked;
