package dev.varve.rigs;

/// What a [LyingFileSystem] does wrong although it says that all is well. Each stands for a bug
/// that a store could have, and that a rig must find.
enum Lie {
  /// Syncs and forces of segments of the log do nothing: acknowledged before durable.
  SEGMENT_SYNC_SKIPPED,
  /// Forces of mapped segments and syncs of open ones do nothing but for a segment's first: its
  /// header is durable, its records are not.
  FORCE_SKIPPED,
  /// Syncs of snapshot files do nothing.
  SNAPSHOT_SYNC_SKIPPED,
  /// Syncs of the catalog do nothing.
  CATALOG_SYNC_SKIPPED,
  /// Syncs of directories do nothing: names are lost, renames come undone.
  DIRECTORY_SYNC_SKIPPED,
  /// Syncs of sstables, and of their temporary files, do nothing.
  SSTABLE_SYNC_SKIPPED,
  /// A directory is not synced when the last name that it was given is an sstable's.
  SSTABLE_NAME_NOT_SYNCED,
  /// Syncs of manifests do nothing once they have their names: edits are not durable.
  EDIT_SYNC_SKIPPED,
  /// Syncs of heaps do nothing: their maps name slots that are not durable.
  HEAP_SYNC_SKIPPED,
  /// Syncs of heaps' maps do nothing once they have their names: slots are taken for free that the
  /// durable map names still.
  HEAP_MAP_SYNC_SKIPPED,
  /// A long write takes half of its bytes and reports all.
  SHORT_WRITE_REPORTED_WHOLE,
  /// A rename first removes, durably, the file in its way.
  RENAME_NOT_ATOMIC,
  /// The catalog is read as it was the first time.
  STALE_CATALOG_READ,
  /// A sync that fails is reported as done.
  SYNC_ERROR_SWALLOWED,
  /// A sync that fails is tried again, and the second answer counts.
  SYNC_RETRIED,
  /// A write that fails is reported as done.
  WRITE_ERROR_SWALLOWED,
  /// A full disk is reported as a broken one.
  FULL_DISK_REPORTED_AS_BROKEN,
  /// A read that fails gives zeros.
  READ_ERROR_GIVES_ZEROS
}
