package dev.varve.engine.memory;

import java.util.List;

/// Finds the newest record of a key.
///
/// @threads one writer, which calls [#locate], [#set] and [#remove]; readers call the others,
///   within a look ([dev.varve.base.ReaderEpochs]), and never wait
interface KeyIndex {
  /// The address of the newest record of a key, or 0 when it has none. For readers.
  int find(byte[] key, int offset, int length);

  /// As [#find], for the writer: remembers the place for [#set] and [#remove].
  int locate(byte[] key, int offset, int length);

  /// Puts a record at the place located last, where its key belongs, in the stead of any that is
  /// there.
  void set(int address);

  /// Takes the record at the place located last out, and adds it to `removed`. An index may keep
  /// one that it needs to find its way, flagging it [RecordHeap#DEAD]; it adds it when a later
  /// removal makes it dispensable.
  void remove(IntList removed);

  /// Gives all newest records from `position` on to `sink`, in an order of the index's own, until
  /// the sink has enough at the end of a part. Answers the position behind that part, or -1 at the
  /// end. Records that are there all along are given once.
  ///
  /// @param position 0 to begin with
  long scan(long position, RecordSink sink);

  /// What the index takes in memory, in bytes.
  long memoryBytes();

  /// Checks the index's structure, while nobody writes; adds what is wrong.
  ///
  /// @return how many records it holds
  long validate(List<String> problems);
}
