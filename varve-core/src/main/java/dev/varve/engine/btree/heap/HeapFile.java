package dev.varve.engine.btree.heap;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The heap file: its head, its handles and its length.
///
/// @threads reads: any; all else: one at a time
/// @lifetime until [#close]
final class HeapFile implements AutoCloseable {
  private static final int SLAB_BYTES = Envelope.SIZE;
  private static final int RESERVED = SLAB_BYTES + 4;
  private static final int CHECKSUM = RESERVED + 4;
  private static final int HEAD_END = CHECKSUM + 4;

  private final FileSystem fileSystem;
  private final Path path;

  /** Writes have a handle of their own: reads do not wait for them. */
  private volatile @Nullable StoreFile reader;

  private @Nullable StoreFile writer;
  private long size;
  private boolean written;

  private HeapFile(FileSystem fileSystem, Path path) {
    this.fileSystem = fileSystem;
    this.path = path;
  }

  /// Where the heap file of a keyspace is.
  static Path path(HeapEnvironment environment, long number) {
    return environment.directory().resolve(StoreFileName.heap(environment.keyspace(), number));
  }

  /// A file that is not there yet; [#create] makes it.
  static HeapFile absent(HeapEnvironment environment, long number) {
    return new HeapFile(environment.fileSystem(), path(environment, number));
  }

  /// Opens a file for reading, whatever is in it.
  ///
  /// @throws CorruptionException when it is missing
  /// @throws IOException when the device refuses
  static HeapFile open(HeapEnvironment environment, long number) throws IOException {
    HeapFile opened = absent(environment, number);
    StoreFile file;
    try {
      file = environment.fileSystem().open(opened.path, OpenMode.READ);
    } catch (NoSuchFileException e) {
      throw new CorruptionException(opened.path, 0, "a heap file", "none", e);
    }
    try {
      opened.size = file.size();
      opened.reader = file;
      return opened;
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  /// Checks the head of a file that was opened.
  ///
  /// @param slabBytes how large its slabs are, as the map says
  /// @throws CorruptionException when it is damaged or another's
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  void check(HeapEnvironment environment, long number, int slabBytes) throws IOException {
    byte[] head = new byte[SlabTable.HEAD_BYTES];
    head = Arrays.copyOf(head, read(0, MemorySegment.ofArray(head)));
    Envelope.read(path, Arrays.copyOf(head, Math.min(head.length, Envelope.SIZE)))
        .require(path, FileKind.HEAP, environment.store(), environment.keyspace(), number);
    int found = slabBytes(path, head);
    if (found != slabBytes) {
      throw new CorruptionException(
          path, SLAB_BYTES, "slabs of " + slabBytes + " bytes", "" + found);
    }
  }

  /// The bytes before the first slab, or as many as there are.
  static byte[] readHead(StoreFile file) throws IOException {
    byte[] head = new byte[SlabTable.HEAD_BYTES];
    int count = file.read(0, MemorySegment.ofArray(head));
    return Arrays.copyOf(head, count);
  }

  /// What a head says of the size of slabs.
  ///
  /// @throws CorruptionException when it is damaged
  static int slabBytes(Path path, byte[] head) {
    if (head.length < SlabTable.HEAD_BYTES) {
      throw new CorruptionException(
          path,
          head.length,
          SlabTable.HEAD_BYTES + " bytes before the first slab",
          "the file's end");
    }
    int sum = headChecksum(head);
    if (sum != Bytes.getInt(head, CHECKSUM)) {
      throw new CorruptionException(
          path,
          CHECKSUM,
          "checksum " + Envelope.hex(sum),
          Envelope.hex(Bytes.getInt(head, CHECKSUM)));
    }
    for (int at = HEAD_END; at < head.length; at++) {
      if (head[at] != 0) {
        throw new CorruptionException(path, at, "zeros before the first slab", "another byte");
      }
    }
    return Bytes.getInt(head, SLAB_BYTES);
  }

  private static int headChecksum(byte[] head) {
    return Checksum.of(head, SLAB_BYTES, CHECKSUM - SLAB_BYTES) ^ Envelope.checksumOf(head);
  }

  /// Makes the file, durably, in the place of what a crash left of an earlier one.
  ///
  /// @throws NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses
  void create(HeapEnvironment environment, long number, int slabBytes) throws IOException {
    byte[] head = new byte[SlabTable.HEAD_BYTES];
    Envelope.of(
            FileKind.HEAP,
            environment.store(),
            environment.keyspace(),
            number,
            environment.clock().wallMillis())
        .write(head);
    Bytes.putInt(head, SLAB_BYTES, slabBytes);
    Bytes.putInt(head, CHECKSUM, headChecksum(head));
    if (fileSystem.exists(path)) {
      fileSystem.delete(path);
    }
    StoreFile made = fileSystem.create(path);
    try {
      made.write(0, MemorySegment.ofArray(head));
      made.sync(SyncMode.FULL);
      syncDirectory(fileSystem, environment.directory());
      reader = fileSystem.open(path, OpenMode.READ);
      writer = made;
      size = head.length;
    } catch (Throwable failure) {
      made.close();
      throw failure;
    }
  }

  /// Makes names durable. Whether they are is unknown when this fails: that is no full disk.
  ///
  /// @throws IOException when the device refuses
  static void syncDirectory(FileSystem fileSystem, Path directory) throws IOException {
    try {
      fileSystem.syncDirectory(directory);
    } catch (NoSpaceException e) {
      FileSystemException unknown =
          new FileSystemException(
              directory.toString(), null, "it cannot be synced, for want of space");
      unknown.initCause(e);
      throw unknown;
    }
  }

  Path path() {
    return path;
  }

  /// Whether there is a file.
  boolean exists() {
    return reader != null;
  }

  /// Its length in bytes; 0 while there is none.
  long size() {
    return size;
  }

  /// Reads as [StoreFile#read] does.
  ///
  /// @throws IOException when the device refuses, or the file is closed
  int read(long offset, MemorySegment target) throws IOException {
    StoreFile file = reader;
    if (file == null) {
      throw new NoSuchFileException(path.toString());
    }
    return file.read(offset, target);
  }

  private StoreFile writer() throws IOException {
    StoreFile file = writer;
    if (file == null) {
      file = fileSystem.open(path, OpenMode.READ_WRITE);
      writer = file;
    }
    return file;
  }

  /// Writes bytes, not synced.
  ///
  /// @throws IOException when the device refuses
  void write(long offset, MemorySegment bytes) throws IOException {
    written = true;
    writer().write(offset, bytes);
    size = Math.max(size, offset + bytes.byteSize());
  }

  /// Cuts off what is behind `end`.
  ///
  /// @throws IOException when the device refuses
  void truncate(long end) throws IOException {
    if (end < size) {
      writer().truncate(end);
      size = end;
    }
  }

  /// Makes all that was written durable.
  ///
  /// @throws IOException when the device refuses
  void sync() throws IOException {
    if (written) {
      writer().sync(SyncMode.DATA);
      written = false;
    }
  }

  @Override
  public void close() throws IOException {
    StoreFile first = reader;
    StoreFile second = writer;
    try {
      if (first != null) {
        first.close();
      }
    } finally {
      if (second != null) {
        second.close();
      }
    }
  }
}
