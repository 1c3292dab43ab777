package dev.varve.format;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.fs.AtomicFile;
import dev.varve.fs.FileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A file of edits, each appended and made durable as a whole before the next; each in one part or
/// several, so that a large one needs no large memory.
///
/// Reading it writes nothing; what a crash left of an edit is written over by the next.
///
/// @threads one at a time
/// @lifetime until [#close]
public final class EditFile implements AutoCloseable {
  /* Each part is a frame, which names the edit and the frame before it. An edit is synced before the
   * next is appended. So at most the last one can be torn, which then lacks a part, while others of
   * it may be sound; a frame of a later edit behind one that is not sound means damage.
   *
   * Of an edit that was torn, parts may stay behind the shorter one that was written over it. They
   * are known by their edit's number, which is not greater than that of the last one.
   *
   * An edit for which there is no space was written in part, if at all, and not its last part: no
   * crash can bring it back, and the next one is written over it. Once it was written whole, only its
   * sync tells whether it is there; when that fails, for whatever reason, nothing may be appended
   * any more.
   *
   * What a process before wrote last may be in the cache of the operating system alone; and where its
   * sync failed, the cache takes for clean what the device does not have. So it is written once more
   * before it is synced. */

  private static final int COPY_BYTES = 256 << 10;

  /// Which file it is.
  ///
  /// @param path where it is
  /// @param scope the keyspace that it belongs to
  /// @param number which one of its keyspace it is
  public record Place(
      FileSystem fileSystem, Path path, FileKind kind, StoreId store, int scope, long number) {}

  /// A file and how much of it is known to be durable: what a catalog keeps of it.
  ///
  /// @param number its number
  /// @param edits it has at least so many
  public record Pointer(long number, long edits) {
    /// As bytes.
    public byte[] encode() {
      byte[] bytes = new byte[2 * Long.BYTES];
      Bytes.putLong(bytes, 0, number);
      Bytes.putLong(bytes, Long.BYTES, edits);
      return bytes;
    }

    /// Reads it, or answers null for bytes that are none.
    public static @Nullable Pointer decode(byte[] bytes) {
      return bytes.length != 2 * Long.BYTES
          ? null
          : new Pointer(Bytes.getLong(bytes, 0), Bytes.getLong(bytes, Long.BYTES));
    }
  }

  /// Takes what is read, part by part.
  public interface Visitor {
    /// Takes a part, which is the array's bytes from `from` to before `to`, until the call returns.
    ///
    /// @param position where the part begins in the file
    /// @param last whether the edit ends with it; an edit of which the last part does not come is
    ///   none
    /// @throws CorruptionException when it makes no sense
    void part(byte[] array, int from, int to, long position, boolean last);
  }

  /// How far a file is sound.
  ///
  /// @param edits how many edits it has
  /// @param lastBegin where the last of them begins
  /// @param end where the next edit belongs
  /// @param lastChecksum the checksum of the last frame
  /// @param tornBytes what a crash left behind the last edit
  public record Content(long edits, long lastBegin, long end, int lastChecksum, long tornBytes) {}

  private final Place place;

  /** Null until something is to be written. */
  private @Nullable StoreFile file;

  private long edits;
  private long lastBegin;
  private long end;
  private int lastChecksum;

  /** Whether all of it is durable. */
  private boolean synced;

  /** Why nothing can be said of what is durable any more. */
  private @Nullable IOException failure;

  private EditFile(Place place, Content content, boolean synced) {
    this.place = place;
    this.edits = content.edits;
    this.lastBegin = content.lastBegin;
    this.end = content.end;
    this.lastChecksum = content.lastChecksum;
    this.synced = synced;
  }

  /// Makes a file with its first edit; durable when the call returns.
  ///
  /// @param parts at least one; each is asked for when the one before was written
  /// @throws NoSpaceException when the device is full; there is no such file
  /// @throws IOException when the device refuses; there may be such a file or not
  public static EditFile create(Place place, long createdMillis, Iterator<byte[]> parts)
      throws IOException {
    Path path = place.path;
    byte[] envelope = new byte[Envelope.SIZE];
    Envelope.of(place.kind, place.store, place.scope, place.number, createdMillis).write(envelope);
    Path temporary = path.resolveSibling(path.getFileName() + StoreFileName.TEMPORARY_SUFFIX);
    Framing framing = new Framing(place, 0, Envelope.checksumOf(envelope), Envelope.SIZE);
    try (AtomicFile atomic = AtomicFile.begin(place.fileSystem, path, temporary)) {
      atomic.append(envelope, 0, envelope.length);
      while (parts.hasNext()) {
        byte[] payload = parts.next();
        byte[] frame = framing.next(payload, parts.hasNext());
        atomic.append(frame, 0, frame.length);
      }
      atomic.commit();
    }
    return new EditFile(place, new Content(1, Envelope.SIZE, framing.end, framing.before, 0), true);
  }

  /// Goes on with a file that was read.
  public static EditFile open(Place place, Content content) {
    return new EditFile(place, content, false);
  }

  private StoreFile file() throws IOException {
    StoreFile opened = file;
    if (opened == null) {
      opened = place.fileSystem.open(place.path, OpenMode.READ_WRITE);
      file = opened;
    }
    return opened;
  }

  /// Reads a file.
  ///
  /// @param editsMin how many edits it is known to have
  /// @throws CorruptionException when it is damaged, another's, or has fewer edits
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  public static Content read(Place place, long editsMin, Visitor visitor) throws IOException {
    try (EditFrames frames = EditFrames.open(place)) {
      byte[] head = frames.head();
      Envelope.read(place.path, head)
          .require(place.path, place.kind, place.store, place.scope, place.number);
      long at = Envelope.SIZE;
      int checksum = Envelope.checksumOf(head);
      Content whole = new Content(0, at, at, checksum, 0);
      boolean within = false;
      while (frames.find(at)
          && frames.edit() == whole.edits
          && frames.before() == checksum
          && frames.isContinuation() == within) {
        long position = at + EditFrames.HEADER_BYTES;
        visitor.part(frames.array(), frames.from(), frames.to(), position, frames.isLast());
        checksum = frames.checksum();
        at = frames.next();
        within = !frames.isLast();
        if (!within) {
          whole = new Content(whole.edits + 1, whole.end, at, checksum, 0);
        }
      }
      requireEnd(place.path, frames, at, whole.edits, Math.max(1, editsMin));
      long torn = frames.isZeroFrom(whole.end) ? 0 : frames.size() - whole.end;
      return new Content(whole.edits, whole.lastBegin, whole.end, whole.lastChecksum, torn);
    }
  }

  /** What is not sound at `at` is a torn edit only when nothing knew it, and nothing follows it. */
  private static void requireEnd(Path path, EditFrames frames, long at, long edits, long editsMin)
      throws IOException {
    if (edits < editsMin) {
      throw new CorruptionException(
          path, at, "edit " + edits + " of " + editsMin, "none that is sound");
    }
    for (long from = at; frames.findFrom(from, edits); from = frames.next()) {
      if (frames.edit() > edits || !frames.isContinuation()) {
        throw new CorruptionException(
            path,
            at,
            "edit " + edits,
            "none, and edit " + frames.edit() + " behind it at " + frames.position());
      }
    }
  }

  /** Makes frames one behind the other. */
  private static final class Framing {
    private final Place place;
    private final long edit;
    private int before;
    private long end;
    private boolean begun;

    Framing(Place place, long edit, int before, long end) {
      this.place = place;
      this.edit = edit;
      this.before = before;
      this.end = end;
    }

    byte[] next(byte[] payload, boolean more) {
      int length = EditFrames.HEADER_BYTES + payload.length;
      byte[] frame = new byte[(int) EditFrames.padded(length)];
      Bytes.putInt(frame, EditFrames.LENGTH, payload.length);
      Bytes.putLong(frame, EditFrames.EDIT, edit);
      Bytes.putInt(frame, EditFrames.BEFORE, before);
      int parts = (more ? EditFrames.MORE : 0) | (begun ? EditFrames.CONTINUES : 0);
      Bytes.putInt(frame, EditFrames.PARTS, parts);
      System.arraycopy(payload, 0, frame, EditFrames.HEADER_BYTES, payload.length);
      before =
          Checksum.of(frame, EditFrames.LENGTH, length - EditFrames.LENGTH)
              ^ EditFrames.mask(place, end);
      Bytes.putInt(frame, 0, before);
      end += frame.length;
      begun = true;
      return frame;
    }
  }

  /// How long the file would be with an edit of these parts.
  public long bytesWith(List<byte[]> parts) {
    long bytes = end;
    for (byte[] part : parts) {
      bytes += EditFrames.padded(EditFrames.HEADER_BYTES + part.length);
    }
    return bytes;
  }

  /// Appends an edit; durable when the call returns.
  ///
  /// @throws NoSpaceException when the device is full; the edit is not there, and may be appended
  ///   again
  /// @throws IOException when the device refuses; whether the edit is there is then unknown for
  ///   good
  public void append(List<byte[]> parts) throws IOException {
    sync();
    Framing framing = new Framing(place, edits, lastChecksum, end);
    latch(
        () -> {
          for (int i = 0; i < parts.size(); i++) {
            long position = framing.end;
            byte[] frame = framing.next(parts.get(i), i < parts.size() - 1);
            file().write(position, MemorySegment.ofArray(frame));
          }
          syncFile();
        });
    edits++;
    lastBegin = end;
    end = framing.end;
    lastChecksum = framing.before;
  }

  /** Work on the file. */
  private interface Work {
    void run() throws IOException;
  }

  /** Lets nothing be done any more once something failed for another reason than want of space. */
  private void latch(Work work) throws IOException {
    if (failure != null) {
      throw new FileSystemException(place.path.toString(), null, "it failed before: " + failure);
    }
    try {
      work.run();
    } catch (NoSpaceException e) {
      throw e;
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /// Makes every edit durable: a process that was killed may have left the last one unsynced.
  ///
  /// @throws NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; which edits are there is then unknown for good
  public void sync() throws IOException {
    latch(
        () -> {
          if (!synced) {
            if (edits > 1) {
              rewriteLast();
            }
            syncFile();
            synced = true;
          }
        });
  }

  /** The first edit was durable before the file had its name. */
  private void rewriteLast() throws IOException {
    byte[] copied = new byte[(int) Math.min(end - lastBegin, COPY_BYTES)];
    for (long at = lastBegin; at < end; ) {
      int length = (int) Math.min(end - at, copied.length);
      MemorySegment bytes = MemorySegment.ofArray(copied).asSlice(0, length);
      file().readFully(at, bytes);
      file().write(at, bytes);
      at += length;
    }
  }

  private void syncFile() throws IOException {
    try {
      file().sync(SyncMode.FULL);
    } catch (NoSpaceException e) {
      FileSystemException unknown =
          new FileSystemException(
              place.path.toString(), null, "an edit cannot be synced, for want of space");
      unknown.initCause(e);
      throw unknown;
    }
  }

  /// How many edits it has.
  public long edits() {
    return edits;
  }

  /// Its length in bytes.
  public long bytes() {
    return end;
  }

  @Override
  public void close() throws IOException {
    StoreFile opened = file;
    if (opened != null) {
      opened.close();
    }
  }
}
