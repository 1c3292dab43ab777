package dev.varve.fs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Files and directories, with what a crash may do to them spelled out.
///
/// **What is atomic**
/// - [#rename], [#link], [#delete] and [#create] of one name happen wholly or not at all, for other
///   threads as for a crash. A rename replaces what stood at its target.
/// - A write to a file is not: a crash may leave any part of what was not synced, block by block,
///   in any order.
///
/// **What a sync makes durable**
/// - [StoreFile#sync] and [MappedRegion#force]: the bytes of that file, and with [SyncMode#FULL]
///   its length. Never a directory entry.
/// - [#syncDirectory]: the names in that directory: what was created, renamed, linked and deleted
///   there before.
/// - Until then each directory entry may or may not survive a crash, each on its own.
///
/// **Which exception when**
/// - [java.nio.file.NoSuchFileException]: open, rename, link, delete or list of what is not there.
/// - [java.nio.file.FileAlreadyExistsException]: create or link over what is there.
/// - [NoSpaceException]: the device or a quota is full; what was asked for is not done.
/// - [LockHeldException]: somebody else holds the lock.
/// - any other [IOException]: the device or the operating system refused; after a failed write or
///   sync nothing may be assumed of the bytes concerned, and trying again proves nothing.
///
/// **Interrupts.** No call is cut short by [Thread#interrupt] and none closes a file because of it;
/// the thread's interrupt status is kept.
///
/// @threads safe
public interface FileSystem {
  /// Makes an empty file and opens it for reading and writing.
  ///
  /// @throws java.nio.file.FileAlreadyExistsException when the name is taken
  /// @throws java.nio.file.NoSuchFileException when the directory is missing
  /// @throws NoSpaceException when the device is full
  /// @throws IOException when the operating system refuses
  StoreFile create(Path path) throws IOException;

  /// Opens an existing file.
  ///
  /// @throws java.nio.file.NoSuchFileException when it is missing
  /// @throws IOException when the operating system refuses, or the path is a directory
  StoreFile open(Path path, OpenMode mode) throws IOException;

  /// Gives a file another name, in the place of any file that has that name.
  ///
  /// @throws java.nio.file.NoSuchFileException when `from` is missing
  /// @throws IOException when the operating system refuses
  void rename(Path from, Path to) throws IOException;

  /// Gives a file a second name.
  ///
  /// @throws java.nio.file.NoSuchFileException when `existing` is missing
  /// @throws java.nio.file.FileAlreadyExistsException when `added` is taken
  /// @throws IOException when the operating system refuses or cannot link
  void link(Path existing, Path added) throws IOException;

  /// Removes a name. Open handles of the file go on working.
  ///
  /// @throws java.nio.file.NoSuchFileException when it is missing
  /// @throws IOException when the operating system refuses
  void delete(Path path) throws IOException;

  /// The names in a directory, sorted, without `.` and `..`.
  ///
  /// @throws java.nio.file.NoSuchFileException when it is missing
  /// @throws java.nio.file.NotDirectoryException when it is a file
  /// @throws IOException when the operating system refuses
  List<String> list(Path directory) throws IOException;

  /// Whether a file or directory of this name exists.
  ///
  /// @throws IOException when the operating system cannot tell
  boolean exists(Path path) throws IOException;

  /// Whether this name is a directory.
  ///
  /// @throws IOException when the operating system cannot tell
  boolean isDirectory(Path path) throws IOException;

  /// Makes a directory and the parents it lacks, all durable when the call returns.
  ///
  /// @throws java.nio.file.FileAlreadyExistsException when a file is in the way
  /// @throws IOException when the operating system refuses
  void createDirectories(Path directory) throws IOException;

  /// Makes the names in a directory durable.
  ///
  /// @throws IOException when that failed; the names' durability is then unknown for good
  void syncDirectory(Path directory) throws IOException;

  /// Takes the lock that the file `path` stands for, making the file when it is missing.
  ///
  /// The lock keeps out other processes and every other holder in this JVM. It goes with the
  /// process, however that ends.
  ///
  /// @throws LockHeldException when somebody holds it, named as far as known
  /// @throws IOException when the operating system refuses
  DirectoryLock lock(Path path) throws IOException;

  /// The bytes that may still be written to the device of this directory.
  ///
  /// @throws IOException when the operating system cannot tell
  long usableSpace(Path directory) throws IOException;
}
