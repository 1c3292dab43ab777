package dev.varve.model;

import dev.varve.kv.SwapResult;
import java.util.Map;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The texts of answers. What the model answers and what a store answers are the same text, or one
/// of them is wrong.
final class Answers {
  static final String DONE = "done";
  static final String END = "(end)";

  /** Of a cursor without order: at which entry it stands is the engine's own business. */
  static final String SOME_ENTRY = "(entry)";

  static final String LIMIT = "LimitException";
  static final String USAGE = "UsageException";
  static final String CLOSED = "StoreClosedException";
  static final String NO_ELEMENT = "NoSuchElementException";

  private static final int WRITTEN_MAX = 40;

  private Answers() {}

  static String noKeyspace(String name) {
    return "no keyspace " + name;
  }

  static String noSnapshot(int number) {
    return "no snapshot " + number;
  }

  static String noCursor(int number) {
    return "no cursor " + number;
  }

  /// A key or a value; of many bytes the first ones, how many there are, and their checksum.
  static String bytes(byte @Nullable [] bytes) {
    if (bytes == null) {
      return OperationText.ABSENT;
    }
    if (bytes.length <= WRITTEN_MAX) {
      return BytesText.written(bytes, bytes.length);
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return BytesText.written(bytes, WRITTEN_MAX / 2)
        + "~"
        + bytes.length
        + "~"
        + Long.toHexString(crc.getValue());
  }

  static String entry(byte[] key, byte[] value) {
    return bytes(key) + "=" + bytes(value);
  }

  /// What a cursor without order answers when it has shown everything.
  static String end(SortedMap<byte[], byte[]> shown) {
    return END + " of " + digest(shown);
  }

  /// Whether after this answer of a cursor there is nothing more to ask of it.
  static boolean endsWalk(String answer) {
    return answer.startsWith(END)
        || answer.equals(USAGE)
        || answer.equals(NO_ELEMENT)
        || answer.equals(CLOSED);
  }

  /// The first `limit` of some entries; without order only all of them have a text of their own.
  static String entries(SortedMap<byte[], byte[]> entries, int limit, boolean ordered) {
    if (!ordered && limit <= entries.size()) {
      return limit + " entries";
    }
    StringJoiner text = new StringJoiner(" ", "[", "]");
    entries.entrySet().stream()
        .limit(limit)
        .forEach(entry -> text.add(entry(entry.getKey(), entry.getValue())));
    return text.toString();
  }

  static String swap(SwapResult result) {
    return switch (result) {
      case SwapResult.Swapped(byte[] previous, byte[] updated) ->
          "swapped " + bytes(previous) + " for " + bytes(updated);
      case SwapResult.Refused(byte[] current, byte[] proposed) ->
          "refused " + bytes(proposed) + ", it is " + bytes(current);
    };
  }

  /// How many entries, and a checksum over them.
  static String digest(SortedMap<byte[], byte[]> entries) {
    CRC32C crc = new CRC32C();
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      length(crc, entry.getKey().length);
      crc.update(entry.getKey());
      length(crc, entry.getValue().length);
      crc.update(entry.getValue());
    }
    return entries.size() + "~" + Long.toHexString(crc.getValue());
  }

  private static void length(CRC32C crc, int length) {
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      crc.update(length >>> shift);
    }
  }

  /// All entries of all keyspaces.
  static String everything(SortedMap<String, SortedMap<byte[], byte[]>> all) {
    StringJoiner text = new StringJoiner(", ", "[", "]");
    all.forEach((name, entries) -> text.add(name + " " + digest(entries)));
    return text.toString();
  }

  /// The first thing that differs, or null.
  static @Nullable String difference(
      SortedMap<String, SortedMap<byte[], byte[]>> expected,
      SortedMap<String, SortedMap<byte[], byte[]>> found) {
    if (!expected.keySet().equals(found.keySet())) {
      return "expected the keyspaces " + expected.keySet() + ", found " + found.keySet();
    }
    for (Map.Entry<String, SortedMap<byte[], byte[]>> one : expected.entrySet()) {
      SortedMap<byte[], byte[]> wanted = one.getValue();
      SortedMap<byte[], byte[]> there = found.get(one.getKey());
      for (Map.Entry<byte[], byte[]> entry : wanted.entrySet()) {
        byte @Nullable [] value = there.get(entry.getKey());
        if (!java.util.Arrays.equals(entry.getValue(), value)) {
          return differs(one.getKey(), entry.getKey(), entry.getValue(), value);
        }
      }
      for (Map.Entry<byte[], byte[]> entry : there.entrySet()) {
        if (!wanted.containsKey(entry.getKey())) {
          return differs(one.getKey(), entry.getKey(), null, entry.getValue());
        }
      }
    }
    return null;
  }

  private static String differs(
      String keyspace, byte[] key, byte @Nullable [] expected, byte @Nullable [] found) {
    return "keyspace "
        + keyspace
        + ", key "
        + bytes(key)
        + ": expected "
        + bytes(expected)
        + ", found "
        + bytes(found);
  }
}
