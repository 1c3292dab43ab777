package dev.varve.kv;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Mutations that become one commit: all of them or, whatever happens, none. They may concern any
/// keyspaces of one store. Of several mutations of one key the last counts; [#deduplicate] takes
/// the others out of the batch before it is written.
///
/// ```java
/// store.write(new WriteBatch().put(users, key, value).delete(events, other), Durability.SYNC);
/// ```
///
/// @threads one at a time, [Store#write] included
/// @lifetime needs no closing; after a write it can be cleared and filled again
public final class WriteBatch {
  private static final int BYTES_AT_FIRST = 224;

  private final MutationWriter writer;

  /** Each keyspace once; usually there are few. */
  private final List<Keyspace> keyspaces = new ArrayList<>();

  private boolean onlyDeletes = true;

  /// An empty batch. It grows up to [Limits#BATCH_BYTES_MAX].
  public WriteBatch() {
    this.writer = new MutationWriter(BYTES_AT_FIRST);
  }

  /// An empty batch of at most `bytesMax` [#byteSize], which is what it needs of memory, but for
  /// what it grows in advance: what would make it larger is refused, and the batch stays as it was.
  ///
  /// @throws LimitException when that is more than [Limits#BATCH_BYTES_MAX]
  public WriteBatch(ByteSize bytesMax) {
    this.writer =
        new MutationWriter(
            BYTES_AT_FIRST, (int) Math.min(bytesMax.bytes(), Limits.BATCH_BYTES_MAX + 1L));
  }

  /// Adds a put. Key and value are copied.
  ///
  /// @throws LimitException when the key, the value or the batch gets too long
  public WriteBatch put(Keyspace keyspace, byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    writer.put(keyspace.id(), key, value);
    onlyDeletes = false;
    note(keyspace);
    return this;
  }

  /// Adds a delete. The key is copied.
  ///
  /// @throws LimitException when the key or the batch gets too long
  public WriteBatch delete(Keyspace keyspace, byte[] key) {
    Limits.checkKey(key);
    writer.delete(keyspace.id(), key);
    note(keyspace);
    return this;
  }

  /// Adds the deletion of every key in a range.
  ///
  /// @throws LimitException when an end of the range is longer than a key can be, or the batch gets
  ///   too long
  /// @throws UsageException when the engine has no order and the range is not [KeyRange#all]
  public WriteBatch deleteRange(Keyspace keyspace, KeyRange range) {
    if (!range.isAll() && !keyspace.options().engine().isOrdered()) {
      throw new UsageException(
          "the engine "
              + keyspace.options().engine()
              + " keeps no order and cannot delete a range of keys; use an ordered engine");
    }
    if (!range.isEmpty()) {
      writer.deleteRange(keyspace.id(), range);
      note(keyspace);
    }
    return this;
  }

  /// Takes away each put and delete that a later one of the same key makes void; the others stay in
  /// their order. What the batch does is the same, but the log and the engines get less to do.
  ///
  /// It pays where most keys repeat, and costs a good part of the time of a write where none does,
  /// so it is not done unasked.
  public WriteBatch deduplicate() {
    writer.deduplicate();
    return this;
  }

  private void note(Keyspace keyspace) {
    for (int i = keyspaces.size() - 1; i >= 0; i--) {
      if (keyspaces.get(i) == keyspace) {
        return;
      }
    }
    keyspaces.add(keyspace);
  }

  /// Forgets all mutations.
  public WriteBatch clear() {
    writer.clear();
    keyspaces.clear();
    onlyDeletes = true;
    return this;
  }

  /// How many mutations there are.
  public int size() {
    return writer.count();
  }

  /// Whether there is none.
  public boolean isEmpty() {
    return writer.count() == 0;
  }

  /// How many bytes they take in the log.
  public int byteSize() {
    return writer.byteSize();
  }

  /// The keyspaces that it concerns.
  ///
  /// @lifetime until the batch is changed
  public List<Keyspace> keyspaces() {
    return Collections.unmodifiableList(keyspaces);
  }

  /// Whether it only takes away; such a batch is taken even when memory or disk are full.
  public boolean isOnlyDeletes() {
    return onlyDeletes;
  }

  /// The mutations in their encoded form.
  ///
  /// @lifetime until the batch is changed
  public MutationWriter encoded() {
    return writer;
  }
}
