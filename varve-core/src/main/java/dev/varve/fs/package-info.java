/// The door to files: every byte that Varve reads or writes passes through a [FileSystem].
///
/// Behind the door stands the operating system ([OsFileSystem]), a file system in memory that can
/// be cut at any moment ([MemoryFileSystem], [CrashImage]), or one that lies ([FaultFileSystem],
/// [FaultRule]). The last two are for tests, Varve's and yours: open a store on them and see what
/// your own code does when power goes away or a disk fails.
@NullMarked
package dev.varve.fs;

import org.jspecify.annotations.NullMarked;
