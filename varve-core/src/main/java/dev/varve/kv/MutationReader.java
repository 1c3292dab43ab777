package dev.varve.kv;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads mutations that a [MutationWriter] encoded, one behind the other, without copying.
///
/// Reading is total: whatever the bytes, [#next] answers true for a mutation within [Limits] or
/// false, and [#problem] tells the end from damage.
///
/// @threads one at a time
/// @lifetime keys and values lie in [#array] and are valid as long as its owner leaves it alone
public final class MutationReader {
  /// What a mutation does.
  public enum Kind {
    /// Sets a value.
    PUT,
    /// Makes a key absent.
    DELETE,
    /// Makes the keys of a range absent.
    DELETE_RANGE,
    /// Makes a keyspace.
    CREATE_KEYSPACE,
    /// Ends a keyspace.
    DROP_KEYSPACE,
    /// Takes files that were written aside into a keyspace.
    INGEST
  }

  private static final Kind[] KINDS = Kind.values();

  private byte[] array = new byte[0];
  private int at;
  private int limit;
  private Kind kind = Kind.PUT;
  private int keyspace;
  private int keyOffset;
  private int keyLength;
  private int valueOffset;
  private int valueLength;
  private int rangeFlags;
  private List<IngestedFile> ingested = List.of();
  private @Nullable String problem;

  /// A reader of nothing, until [#reset].
  public MutationReader() {}

  /// Begins with the mutations from `offset` to before `end`.
  public MutationReader reset(byte[] newArray, int offset, int end) {
    array = newArray;
    at = offset;
    limit = end;
    problem = null;
    return this;
  }

  /// Moves to the next mutation. False at the end and at damage.
  public boolean next() {
    if (at >= limit || problem != null) {
      return false;
    }
    int code = array[at++];
    if (code < 1 || code > KINDS.length) {
      return damaged("no kind of mutation has the number " + code);
    }
    kind = KINDS[code - 1];
    keyspace = length(Integer.MAX_VALUE);
    if (keyspace < 0) {
      return damaged("a keyspace's number is damaged");
    }
    return switch (kind) {
      case PUT -> readPut();
      case DELETE -> readDelete();
      case DELETE_RANGE -> readDeleteRange();
      case CREATE_KEYSPACE -> readCreateKeyspace();
      case DROP_KEYSPACE -> true;
      case INGEST -> readIngest();
    };
  }

  private boolean readPut() {
    keyLength = length(Limits.KEY_BYTES_MAX);
    valueLength = length(Limits.VALUE_BYTES_MAX);
    if (keyLength < 1 || valueLength < 0 || keyLength > limit - at) {
      return damaged("a put's lengths are damaged");
    }
    keyOffset = at;
    at += keyLength;
    valueOffset = at;
    if (valueLength > limit - at) {
      return damaged("a put ends too early");
    }
    at += valueLength;
    return true;
  }

  private boolean readDelete() {
    keyLength = length(Limits.KEY_BYTES_MAX);
    if (keyLength < 1 || keyLength > limit - at) {
      return damaged("a delete's length is damaged");
    }
    keyOffset = at;
    at += keyLength;
    return true;
  }

  private boolean readDeleteRange() {
    rangeFlags = at < limit ? array[at++] : -1;
    if ((rangeFlags & ~(MutationWriter.HAS_FROM | MutationWriter.HAS_TO)) != 0) {
      return damaged("a range's flags are damaged");
    }
    keyOffset = at;
    keyLength = 0;
    valueOffset = at;
    valueLength = 0;
    if ((rangeFlags & MutationWriter.HAS_FROM) != 0) {
      keyLength = length(Limits.KEY_BYTES_MAX);
      keyOffset = at;
      if (keyLength < 0 || keyLength > limit - at) {
        return damaged("a range's lower end is damaged");
      }
      at += keyLength;
    }
    if ((rangeFlags & MutationWriter.HAS_TO) != 0) {
      valueLength = length(Limits.KEY_BYTES_MAX);
      valueOffset = at;
      if (valueLength < 0 || valueLength > limit - at) {
        return damaged("a range's upper end is damaged");
      }
      at += valueLength;
    }
    return true;
  }

  private boolean readCreateKeyspace() {
    keyLength = length(Limits.NAME_BYTES_MAX);
    keyOffset = at;
    if (keyLength < 1 || keyLength > limit - at) {
      return damaged("a keyspace's name is damaged");
    }
    at += keyLength;
    valueLength = length(Integer.MAX_VALUE);
    valueOffset = at;
    if (valueLength < 0 || valueLength > limit - at) {
      return damaged("a keyspace's options are damaged");
    }
    at += valueLength;
    return true;
  }

  private boolean readIngest() {
    long count = number();
    if (count < 1 || count > limit - at) {
      return damaged("the number of ingested files is damaged");
    }
    ingested = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      long number = number();
      long fileBytes = number();
      long entries = number();
      if (number < 1 || fileBytes < 1 || entries < 1 || limit - at < Long.BYTES) {
        return damaged("an ingested file is damaged");
      }
      ingested.add(new IngestedFile(number, fileBytes, entries, Bytes.getLong(array, at)));
      at += Long.BYTES;
    }
    return true;
  }

  /** Reads a number, or answers -1. */
  private long number() {
    long value = Varints.read(array, at, limit);
    at += value < 0 ? 0 : Varints.size(value);
    return value;
  }

  /** Reads a length, or answers -1. */
  private int length(int max) {
    long value = Varints.read(array, at, limit);
    if (value < 0 || value > max) {
      return -1;
    }
    at += Varints.size(value);
    return (int) value;
  }

  private boolean damaged(String what) {
    problem = what;
    return false;
  }

  /// Where the current mutation ends in [#array].
  int end() {
    return at;
  }

  /// What is wrong with the bytes, or null while nothing is.
  public @Nullable String problem() {
    return problem;
  }

  /// What the current mutation does.
  public Kind kind() {
    return kind;
  }

  /// The number of the keyspace that it concerns.
  public int keyspace() {
    return keyspace;
  }

  /// Where keys and values lie.
  public byte[] array() {
    return array;
  }

  /// Where the key of a put or delete begins.
  public int keyOffset() {
    return keyOffset;
  }

  /// How long the key of a put or delete is.
  public int keyLength() {
    return keyLength;
  }

  /// Where the value of a put begins.
  public int valueOffset() {
    return valueOffset;
  }

  /// How long the value of a put is.
  public int valueLength() {
    return valueLength;
  }

  /// A copy of the key of a put or delete.
  public byte[] key() {
    return Arrays.copyOfRange(array, keyOffset, keyOffset + keyLength);
  }

  /// A copy of the value of a put.
  public byte[] value() {
    return Arrays.copyOfRange(array, valueOffset, valueOffset + valueLength);
  }

  /// The range of a range delete.
  public KeyRange range() {
    boolean hasFrom = (rangeFlags & MutationWriter.HAS_FROM) != 0;
    boolean hasTo = (rangeFlags & MutationWriter.HAS_TO) != 0;
    if (hasFrom && hasTo) {
      return KeyRange.of(key(), value());
    }
    if (hasFrom) {
      return KeyRange.atLeast(key());
    }
    return hasTo ? KeyRange.lessThan(value()) : KeyRange.all();
  }

  /// The files of an ingest.
  public List<IngestedFile> ingestedFiles() {
    return List.copyOf(ingested);
  }

  /// The name of a keyspace that is made.
  public String name() {
    return new String(array, keyOffset, keyLength, StandardCharsets.UTF_8);
  }

  /// The options' text of a keyspace that is made.
  public String optionsText() {
    return new String(array, valueOffset, valueLength, StandardCharsets.UTF_8);
  }
}
