package dev.varve.export;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Limits;
import dev.varve.kv.MutationReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/// Reads an export: its keyspaces one behind the other, each to its end, then [#end].
///
/// Reading is total: whatever the bytes, it gives what was written or throws a
/// [CorruptionException] that names the byte. What it gave before it threw was sound.
///
/// @threads one at a time
public final class ExportReader {
  /** More than the options of any keyspace take. */
  private static final int OPTIONS_BYTES_MAX = 64 << 10;

  private static final int KIND_OFFSET = 8;

  private static final int BYTES_AT_FIRST = 4096;

  private final InputStream source;
  private final Path name;
  private final Envelope envelope;
  private final List<ExportedKeyspace> keyspaces;
  private final CRC32C all = new CRC32C();
  private final int salt;
  private final MutationReader mutations = new MutationReader();
  private byte[] part = new byte[BYTES_AT_FIRST];
  private int contentEnd;
  private int parts;
  private int keyspace = 1;
  private long entriesOfKeyspace;
  private long entries;
  private long position;
  private long partPosition;

  /// Reads what comes before the first entry.
  ///
  /// @param name what errors call the stream
  /// @throws CorruptionException when that is damaged, or none of an export
  /// @throws dev.varve.kv.FormatException when it is of a newer version
  /// @throws IOException when the stream refuses
  public ExportReader(InputStream source, Path name) throws IOException {
    this.source = source;
    this.name = name;
    byte[] head = source.readNBytes(Envelope.SIZE);
    this.envelope = envelope(head);
    this.salt = Envelope.checksumOf(head);
    this.position = head.length;
    requirePart(ExportPart.CONTENTS, readPart());
    this.keyspaces = contents();
  }

  private Envelope envelope(byte[] head) {
    Envelope read;
    try {
      read = Envelope.read(name, head);
    } catch (CorruptionException e) {
      throw damaged(e.offset(), e.expected(), e.found());
    }
    if (read.kind() != FileKind.EXPORT) {
      throw damaged(KIND_OFFSET, "an " + FileKind.EXPORT, "a " + read.kind());
    }
    return read;
  }

  private CorruptionException damaged(long offset, String expected, String found) {
    return CorruptionException.ofExport(name, offset, expected, found);
  }

  private void read(int offset, int count, String what) throws IOException {
    int found = source.readNBytes(part, offset, count);
    position += found;
    if (found < count) {
      throw damaged(position, (count - found) + " more bytes of " + what, "its end");
    }
  }

  /** Reads a part with its header and footer, and answers which it is. */
  private ExportPart readPart() throws IOException {
    partPosition = position;
    read(0, ExportPart.HEADER_BYTES, "a part");
    int headerChecksum = ExportPart.HEADER_BYTES - 4;
    requireChecksum(headerChecksum);
    int length = Bytes.getInt(part, 0);
    ExportPart kind = ExportPart.ofCode(Bytes.getInt(part, 4));
    if (length < 0 || length > ExportPart.CONTENT_BYTES_MAX || kind == null) {
      throw damaged(partPosition, "a part of an export", "a length or a kind out of range");
    }
    if (Bytes.getInt(part, 8) != parts) {
      throw damaged(partPosition, "part " + parts, "part " + Bytes.getInt(part, 8));
    }
    contentEnd = ExportPart.HEADER_BYTES + length;
    if (part.length < contentEnd + ExportPart.FOOTER_BYTES) {
      byte[] larger = new byte[contentEnd + ExportPart.FOOTER_BYTES];
      System.arraycopy(part, 0, larger, 0, ExportPart.HEADER_BYTES);
      part = larger;
    }
    read(ExportPart.HEADER_BYTES, length + ExportPart.FOOTER_BYTES, kind.text());
    requireChecksum(contentEnd);
    if (kind != ExportPart.END) {
      ExportPart.addChecksum(all, Bytes.getInt(part, contentEnd));
    }
    parts++;
    return kind;
  }

  /** Checks the checksum that lies at `at` in the part, over all that lies before it. */
  private void requireChecksum(int at) {
    int computed = Checksum.of(part, 0, at) ^ salt;
    int found = Bytes.getInt(part, at);
    if (computed != found) {
      throw damaged(partPosition, "checksum " + Envelope.hex(computed), Envelope.hex(found));
    }
  }

  private void requirePart(ExportPart wanted, ExportPart found) {
    require(wanted == found, wanted.text(), found.text());
  }

  private void require(boolean holds, String expected, String found) {
    if (!holds) {
      throw damaged(partPosition, expected, found);
    }
  }

  private List<ExportedKeyspace> contents() {
    ByteBuffer content =
        ByteBuffer.wrap(part, ExportPart.HEADER_BYTES, contentEnd - ExportPart.HEADER_BYTES)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    require(content.remaining() >= Integer.BYTES, "a list of keyspaces", "none");
    int count = content.getInt();
    List<ExportedKeyspace> read = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < count; i++) {
      ExportedKeyspace each =
          new ExportedKeyspace(
              text(content, Limits.NAME_BYTES_MAX), text(content, OPTIONS_BYTES_MAX));
      require(names.add(each.name()), "each keyspace once", "one twice");
      read.add(each);
    }
    require(
        count >= 0 && !content.hasRemaining(), count + " keyspaces", "a list of another length");
    return List.copyOf(read);
  }

  private String text(ByteBuffer content, int max) {
    int length = content.remaining() < Integer.BYTES ? -1 : content.getInt();
    require(
        length >= 0 && length <= max && length <= content.remaining(),
        "a text of at most " + max + " bytes",
        "a length out of range");
    ByteBuffer bytes = content.slice(content.position(), length);
    content.position(content.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw damaged(partPosition, "text in UTF-8", "bytes that are none");
    }
  }

  /// The envelope: whose export it is, of which commit, and when it was made.
  public Envelope envelope() {
    return envelope;
  }

  /// The keyspaces, in the order in which their entries come.
  public List<ExportedKeyspace> keyspaces() {
    return keyspaces;
  }

  /// Moves to the next entry of the keyspace that is read now, the first to begin with. False at
  /// its end; the call after that is about the next keyspace.
  ///
  /// @throws CorruptionException when the export is damaged
  /// @throws IOException when the stream refuses
  public boolean next() throws IOException {
    while (!mutations.next()) {
      ExportPart kind = readPart();
      if (kind == ExportPart.KEYSPACE_END) {
        endKeyspace();
        return false;
      }
      requirePart(ExportPart.ENTRIES, kind);
      checkEntries();
      mutations.reset(part, ExportPart.HEADER_BYTES + Integer.BYTES, contentEnd);
    }
    return true;
  }

  /** Looks at all entries of a part before the first is given. */
  private void checkEntries() {
    int begin = ExportPart.HEADER_BYTES + Integer.BYTES;
    require(contentEnd > begin && keyspace <= keyspaces.size(), "entries of a keyspace", "none");
    MutationReader reader = new MutationReader().reset(part, begin, contentEnd);
    int count = 0;
    while (reader.next()) {
      boolean own = reader.kind() == MutationReader.Kind.PUT && reader.keyspace() == keyspace;
      require(own, "an entry of keyspace " + keyspace, "another mutation");
      count++;
    }
    int wanted = Bytes.getInt(part, ExportPart.HEADER_BYTES);
    String problem = reader.problem();
    require(problem == null, "entries", String.valueOf(problem));
    require(count == wanted, wanted + " entries", "" + count);
    entriesOfKeyspace += count;
  }

  private void endKeyspace() {
    int begin = ExportPart.HEADER_BYTES;
    require(
        contentEnd - begin == Integer.BYTES + Long.BYTES && Bytes.getInt(part, begin) == keyspace,
        "the end of keyspace " + keyspace,
        "that of another");
    long wanted = Bytes.getLong(part, begin + Integer.BYTES);
    require(wanted == entriesOfKeyspace, wanted + " entries", "" + entriesOfKeyspace);
    keyspace++;
    entries += entriesOfKeyspace;
    entriesOfKeyspace = 0;
  }

  /// The key of the entry, the caller's own.
  public byte[] key() {
    return mutations.key();
  }

  /// The value of the entry, the caller's own.
  public byte[] value() {
    return mutations.value();
  }

  /// Reads what comes behind the last keyspace: only then is the export known to be whole.
  ///
  /// @throws CorruptionException when the export is damaged or goes on
  /// @throws IOException when the stream refuses
  public void end() throws IOException {
    int checksum = (int) all.getValue();
    requirePart(ExportPart.END, readPart());
    int begin = ExportPart.HEADER_BYTES;
    require(contentEnd - begin == 2 * Integer.BYTES + Long.BYTES, "an end", "one of another size");
    int wantedKeyspaces = Bytes.getInt(part, begin);
    long wanted = Bytes.getLong(part, begin + Integer.BYTES);
    require(
        wantedKeyspaces == keyspaces.size() && wanted == entries,
        wantedKeyspaces + " keyspaces with " + wanted + " entries",
        keyspaces.size() + " with " + entries);
    int found = Bytes.getInt(part, begin + Integer.BYTES + Long.BYTES);
    require(
        checksum == found, "checksum of checksums " + Envelope.hex(checksum), Envelope.hex(found));
    if (source.read() >= 0) {
      throw damaged(position, "the end of the stream", "more bytes");
    }
  }

  /// How many entries the keyspaces that were read to their end have.
  public long entries() {
    return entries;
  }

  /// How many bytes were read.
  public long position() {
    return position;
  }
}
