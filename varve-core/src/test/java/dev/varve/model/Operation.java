package dev.varve.model;

import dev.varve.fs.CrashImage;
import java.util.List;

/// One thing that a program does with a store and that has an answer: the steps of scripts, and
/// every other call. Any list of operations can be carried out, whatever is left out of it: what is
/// asked of a keyspace, a snapshot or a cursor that is not there is answered with just that.
public sealed interface Operation
    permits Step,
        Operation.Write,
        Operation.Distinct,
        Operation.AbandonedLoad,
        Operation.Read,
        Operation.Handle,
        Operation.Move,
        Operation.Compact,
        Operation.Verify,
        Operation.Everything,
        Operation.Kill,
        Operation.Cut {

  /// What is read: a keyspace as it is, or as it was.
  ///
  /// @param keyspace its name
  /// @param snapshot the number of an open snapshot, or [#NOW]
  record View(String keyspace, int snapshot) {
    /// Stands, in the place of a snapshot, for none.
    static final int NOW = -1;

    /// A keyspace as it is.
    static View now(String keyspace) {
      return new View(keyspace, NOW);
    }
  }

  /// A write that answers what it found.
  sealed interface Write extends Operation {
    /** The keyspace it concerns. */
    String keyspace();
  }

  /// Sets a value where there is one.
  record Replace(String keyspace, byte[] key, byte[] value) implements Write {}

  /// Makes a key absent.
  record Remove(String keyspace, byte[] key) implements Write {}

  /// Appends `more` to a value; a value that would get longer than [#UPDATED_BYTES_MAX] becomes
  /// absent.
  record Update(String keyspace, byte[] key, byte[] more) implements Write {}

  /// Adds to a counter.
  record Increment(String keyspace, byte[] key, long delta) implements Write {}

  /// Takes the first entry away, or the last.
  record Pop(String keyspace, boolean first) implements Write {}

  /// A batch of which, before it is written, everything is taken that something later makes void.
  record Distinct(Step.Batch batch) implements Operation {}

  /// A load that is closed without being committed.
  record AbandonedLoad(Step.Load load) implements Operation {}

  /// A question.
  sealed interface Read extends Operation {
    /** What is asked. */
    View view();
  }

  /// The value of a key.
  record Get(View view, byte[] key) implements Read {}

  /// Whether a key has a value.
  record Contains(View view, byte[] key) implements Read {}

  /// The values of several keys.
  record GetAll(View view, List<byte[]> keys) implements Read {}

  /// The first entry of a span, or the last.
  record End(View view, Span span, boolean first) implements Read {}

  /// The entry next below a key, or next above.
  record Neighbour(View view, byte[] key, boolean below) implements Read {}

  /// How many entries a span has.
  record Count(View view, Span span) implements Read {}

  /// Whether there is no entry.
  record Empty(View view) implements Read {}

  /// The first entries of a span.
  record Entries(View view, Span span, int limit) implements Read {}

  /// Opens something or closes it.
  sealed interface Handle extends Operation {}

  /// Takes a snapshot, in the place of the one that had its number.
  record OpenSnapshot(int snapshot) implements Handle {}

  /// Closes a snapshot.
  record CloseSnapshot(int snapshot) implements Handle {}

  /// Makes a cursor, in the place of the one that had its number.
  record OpenCursor(int cursor, View view, Span span) implements Handle {}

  /// Closes a cursor.
  record CloseCursor(int cursor) implements Handle {}

  /// Asks a cursor.
  sealed interface Move extends Operation {
    /** The number of the cursor. */
    int cursor();
  }

  /// Moves to the first entry, or the last.
  record SeekToEnd(int cursor, boolean first) implements Move {}

  /// Moves to the first entry at `key` or behind, or to the last at `key` or before.
  record Seek(int cursor, byte[] key, boolean forPrevious) implements Move {}

  /// Moves to the next entry, or the previous, so often, or until there is none.
  record Advance(int cursor, int count, boolean forward) implements Move {}

  /// Looks where the cursor stands.
  record Look(int cursor) implements Move {}

  /// Rewrites the files of a keyspace.
  record Compact(String keyspace, Span span) implements Operation {}

  /// Checks every file, and with `deep` that they lead to what readers see.
  record Verify(boolean deep) implements Operation {}

  /// All entries of all keyspaces, there and back.
  record Everything() implements Operation {}

  /// The process ends, at once, and another one opens the store: everything acknowledged is there.
  record Kill() implements Operation {}

  /// The power is cut and comes back: what is there is the state after some commit, at least after
  /// the last one that was durable. What was lost is then written again, so that whatever follows
  /// has the same answers however much that was.
  record Cut(CrashImage.Mode mode, long seed) implements Operation {}

  /// The most bytes that [Update] makes of a value.
  int UPDATED_BYTES_MAX = 300;
}
