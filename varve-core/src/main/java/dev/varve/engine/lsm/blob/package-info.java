/// Blob files: large values, which sstables refer to. `docs/format/blob.md` has the bytes.
///
/// [dev.varve.engine.lsm.blob.BlobOutputs] makes files, one behind the other, with
/// [dev.varve.engine.lsm.blob.BlobWriter]. [dev.varve.engine.lsm.blob.BlobReader] brings the value
/// that a [dev.varve.engine.lsm.blob.BlobReference] stands for.
/// [dev.varve.engine.lsm.blob.BlobScan] walks over the records of a file, a damaged one too.
@NullMarked
package dev.varve.engine.lsm.blob;

import org.jspecify.annotations.NullMarked;
