package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.FileSet.Opened;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.Version.BlobFile;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.StoreFileName;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// The files of an engine: opens them, makes versions of them, deletes those that are not needed.
///
/// @threads safe; [#load]: before all others
final class LsmFiles {
  /* A file may go when no version has it that somebody reads, and no manifest that a crash could
   * bring back: while a new manifest is not in the catalog yet, the one before counts. A file that
   * could not be deleted is an orphan; those are deleted before the first file is written after an
   * open. */

  private static final int LOAD_ATTEMPTS = 10;

  private final EngineContext context;
  private final SstableEnvironment environment;
  private final SstableOptions options;
  private final long manifestBytesMax;
  private final Manifest.Place place;
  private final LsmState state;
  private final BlobFiles blobs;

  /** Taken for each change of the version, which it keeps until the change is durable. */
  private final ReentrantLock installing = new ReentrantLock();

  private final UnneededFiles unneeded = new UnneededFiles();

  private volatile BlobTally blobTally = BlobTally.NONE;

  /** Held while orphans are deleted, once. */
  private final Object cleaning = new Object();

  private boolean cleaned;

  private volatile VersionSet versions;
  private volatile long manifest;

  LsmFiles(EngineContext context, LsmSettings settings, LsmState state) {
    this.context = context;
    this.options = settings.sstables();
    this.manifestBytesMax = settings.manifestBytesMax();
    this.state = state;
    this.blobs = new BlobFiles(context, options.codec());
    this.place =
        new Manifest.Place(
            context.fileSystem(), context.directory(), context.store(), context.keyspace());
    this.environment =
        new SstableEnvironment(
            context.fileSystem(),
            context.directory(),
            context.store(),
            context.keyspace(),
            context.cache(),
            context.budget(),
            context.random(),
            context.clock());
    this.versions = VersionSet.empty(place, context.clock(), this::obsolete);
  }

  /// What sstables are given.
  SstableEnvironment environment() {
    return environment;
  }

  /// How they are written.
  SstableOptions options() {
    return options;
  }

  /// The versions. Changes go through [#install].
  VersionSet versions() {
    return versions;
  }

  /// Begins with the files that a state names.
  void load(byte[] bytes) throws IOException {
    if (bytes.length == 0) {
      return;
    }
    Pointer pointer = pointer(bytes);
    manifest = pointer.number();
    unneeded.named();
    for (int attempt = 1; ; attempt++) {
      VersionSet opened;
      try {
        opened = VersionSet.open(place, pointer, context.clock(), this::obsolete);
      } catch (NoSuchFileException e) {
        throw missing(e, context.directory().resolve(manifestName(pointer.number())));
      }
      try {
        Opened files = open(opened.current().all(), opened.current().blobs());
        versions = opened;
        install(opened, files, List.of(), List.of());
        return;
      } catch (NoSuchFileException e) {
        opened.close();
        // Where the store is open, what a copy reads may just have been replaced.
        if (attempt == LOAD_ATTEMPTS) {
          throw missing(e, Path.of(e.getFile()));
        }
      } catch (Throwable failure) {
        opened.close();
        throw failure;
      }
    }
  }

  private Pointer pointer(byte[] bytes) {
    Pointer pointer = Pointer.decode(bytes);
    if (pointer == null) {
      throw new CorruptionException(
          context.directory().resolve(StoreFileName.CATALOG),
          0,
          "where the manifest of keyspace " + context.keyspace() + " is",
          bytes.length + " bytes");
    }
    return pointer;
  }

  private static CorruptionException missing(NoSuchFileException e, Path path) {
    CorruptionException corrupt = new CorruptionException(path, 0, "a file", "none");
    corrupt.addSuppressed(e);
    return corrupt;
  }

  private String manifestName(long number) {
    return StoreFileName.manifest(context.keyspace(), number);
  }

  private Opened open(List<SstableMeta> sstables, List<BlobFile> withBlobs) throws IOException {
    Opened opened = new Opened(new HashMap<>(), blobs.open(withBlobs));
    try {
      for (SstableMeta sstable : sstables) {
        SstableReader reader =
            SstableReader.open(environment, sstable.number(), sstable.ingestedAt(), options);
        opened.sstables().put(sstable.number(), reader);
        check(sstable, reader.info());
      }
      return opened;
    } catch (Throwable failure) {
      opened.release();
      throw failure;
    }
  }

  /** Checks that a file is the one that the manifest means. */
  private void check(SstableMeta known, SstableInfo found) {
    SstableMeta meta = SstableMeta.of(found, known.ingestedAt());
    if (!meta.equals(known)) {
      throw new CorruptionException(
          environment.path(known.number()), 0, known + " of the manifest", meta + "");
    }
  }

  /// Begins an sstable, under a number that no file has had.
  ///
  /// @throws IOException when the device refuses
  SstableWriter newSstable() throws IOException {
    return newSstable(versions.newNumber());
  }

  /// Begins the sstable of a number that was drawn for it.
  ///
  /// @throws IOException when the device refuses
  SstableWriter newSstable(long number) throws IOException {
    return newSstable(number, options);
  }

  /// The same, written as `own` says.
  ///
  /// @throws IOException when the device refuses
  SstableWriter newSstable(long number, SstableOptions own) throws IOException {
    clean();
    return new SstableWriter(environment, number, own);
  }

  /// Begins a blob file, under a number that no file has had.
  ///
  /// @throws IOException when the device refuses
  BlobWriter newBlob() throws IOException {
    return newBlob(versions.newNumber());
  }

  /// Begins the blob file of a number that was drawn for it.
  ///
  /// @throws IOException when the device refuses
  BlobWriter newBlob(long number) throws IOException {
    clean();
    return blobs.begin(number);
  }

  /// A blob file of a version that is pinned, with a reference that the caller releases.
  ///
  /// @throws IOException when the device refuses
  BlobReader openBlob(long number) throws IOException {
    BlobReader open = state.findBlob(number);
    return open == null ? blobs.open(number) : open;
  }

  /// An sstable of a version that is pinned, with a reference that the caller releases.
  ///
  /// @throws IOException when the device refuses
  SstableReader open(SstableMeta sstable) throws IOException {
    SstableReader open = state.find(sstable.number());
    return open == null
        ? SstableReader.open(environment, sstable.number(), sstable.ingestedAt(), options)
        : open;
  }

  /// An sstable that belongs to no version, by its number alone.
  ///
  /// @param ingestedAt the sequence number of all its entries
  /// @throws CorruptionException when it is damaged or missing
  /// @throws IOException when the device refuses
  SstableReader openAside(long number, long ingestedAt) throws IOException {
    versions.reserve(number);
    try {
      return SstableReader.open(environment, number, ingestedAt, options);
    } catch (NoSuchFileException e) {
      throw missing(e, environment.path(number));
    }
  }

  /** Before anything is done on the strength of a version that was found: it must be durable. */
  private void syncManifest() throws IOException {
    try {
      versions.sync();
    } catch (NoSpaceException e) {
      // Nothing was lost: what is there stays as it was found, and is made durable another time.
      throw e;
    } catch (IOException e) {
      context.services().fail(e);
      throw e;
    }
  }

  /**
   * Deletes what a crash left behind, once.
   *
   * @throws CancellationException when the engine is closed: it does not know any more what the log
   *     names, and the drop of its keyspace may yet be lost
   */
  private void clean() throws IOException {
    synchronized (cleaning) {
      if (cleaned) {
        return;
      }
      syncManifest();
      Set<Long> needed = VersionSet.numbers(versions.current());
      // What the log names is not in the manifest yet.
      needed.addAll(state.ingestedNumbers());
      needed.addAll(unneeded.logged());
      if (state.isClosed()) {
        throw new CancellationException("the keyspace is closed");
      }
      for (String name : context.fileSystem().list(context.directory())) {
        String plain =
            name.endsWith(StoreFileName.TEMPORARY_SUFFIX)
                ? name.substring(0, name.length() - StoreFileName.TEMPORARY_SUFFIX.length())
                : name;
        boolean temporary = !plain.equals(name);
        boolean orphan =
            switch (StoreFileName.parse(plain)) {
              case StoreFileName.Sstable(int keyspace, long number) ->
                  keyspace == context.keyspace() && (temporary || !needed.contains(number));
              case StoreFileName.Blob(int keyspace, long number) ->
                  keyspace == context.keyspace() && (temporary || !needed.contains(number));
              case StoreFileName.Manifest(int keyspace, long number) ->
                  keyspace == context.keyspace()
                      && (temporary || (number != manifest && !unneeded.isReplaced(number)));
              case StoreFileName.Snapshot _,
                  StoreFileName.Temporary _,
                  StoreFileName.Lock _,
                  StoreFileName.Catalog _,
                  StoreFileName.Segment _,
                  StoreFileName.Heap _,
                  StoreFileName.HeapMap _,
                  StoreFileName.Foreign _ ->
                  false;
            };
        if (orphan) {
          context.fileSystem().delete(context.directory().resolve(name));
        }
      }
      cleaned = true;
    }
  }

  /// Makes the version that `edit` makes current, durably, and has readers see it. `flushed` and
  /// `installed` are in its sstables from then on. Blob files that nothing refers to any more go
  /// with the same edit.
  ///
  /// @throws NoSpaceException when the device is full; nothing changed
  /// @throws CancellationException when the engine is closed; nothing changed
  /// @throws IOException when the device refuses; the store has failed then
  void install(VersionEdit edit, List<Memtable> flushed, List<Ingested> installed)
      throws IOException {
    installing.lock();
    try {
      if (state.isClosed()) {
        throw new CancellationException("the keyspace is closed");
      }
      // Not later: it takes a manifest for an orphan that the catalog does not know yet.
      clean();
      FileSet before = state.now().files();
      VersionEdit whole = versions.current().withoutDeadBlobs(edit);
      Opened opened = openAdded(before, edit);
      try {
        versions.install(whole);
      } catch (NoSpaceException e) {
        opened.release();
        throw e;
      } catch (IOException | RuntimeException e) {
        // Which version is durable is unknown for good, or a defect was found.
        context.services().fail(e);
        opened.release();
        throw e;
      }
      blobTally = blobTally.with(whole);
      install(versions, opened, flushed, installed);
    } finally {
      installing.unlock();
    }
  }

  /// How blob files came and went so far.
  BlobTally blobTally() {
    return blobTally;
  }

  /** What cannot be opened is not installed; whoever made it may try again. */
  private Opened openAdded(FileSet before, VersionEdit edit) {
    List<SstableMeta> added = new ArrayList<>();
    for (VersionEdit.Added one : edit.added()) {
      if (!before.has(one.sstable().number())) {
        added.add(one.sstable());
      }
    }
    List<BlobFile> addedBlobs = new ArrayList<>();
    for (VersionEdit.BlobChange change : edit.blobs()) {
      if (change instanceof VersionEdit.BlobChange.Comes(long number, long bytes, long live)) {
        addedBlobs.add(new BlobFile(number, bytes, live));
      }
    }
    try {
      return open(added, addedBlobs);
    } catch (IOException e) {
      throw new StoreIoException(
          "a new file of keyspace '" + context.name() + "' cannot be read", e);
    }
  }

  private void install(
      VersionSet of, Opened opened, List<Memtable> flushed, List<Ingested> installed)
      throws IOException {
    VersionSet.Pin pin = of.pin();
    if (!state.replace(
        before -> FileSet.of(pin, before, opened, state.ingestedNumbers(installed)),
        flushed,
        installed)) {
      pin.close();
      opened.release();
    }
  }

  /** Files that no version has any more which somebody reads. */
  private void obsolete(List<Long> numbers) {
    deleteFiles(unneeded.free(numbers));
  }

  /// These files are named by the log and have what nobody else has. As long as the catalog knows
  /// no manifest, a crash leads back to them, whatever became of them meanwhile.
  void keepLogged(Collection<Long> numbers) {
    unneeded.keepLogged(numbers);
  }

  private void deleteFiles(List<Long> numbers) {
    numbers.forEach(this::discard);
  }

  /** Deletes a file that nobody needs; when that fails it is an orphan. */
  private void delete(Path path) {
    if (state.isClosed()) {
      return;
    }
    try {
      context.fileSystem().delete(path);
    } catch (IOException _) {
      return;
    }
  }

  /// Deletes an sstable or a blob file that belongs to no version.
  void discard(long number) {
    boolean blob = blobs.has(number);
    delete(blob ? blobs.path(number) : environment.path(number));
    if (blob) {
      blobs.forget(number);
    }
  }

  /// The state: where the manifest is. Nothing is deleted that the state before names until
  /// [#published].
  ///
  /// @throws CancellationException when the engine is closed
  /// @throws IOException when the device refuses
  byte[] publish() throws IOException {
    boolean before = unneeded.publishing();
    Pointer pointer;
    try {
      // Not later: it takes the manifest that may be made here for an orphan.
      clean();
      syncManifest();
      pointer = versions.pointer(manifestBytesMax);
    } catch (IOException e) {
      if (!before) {
        deleteUnneeded();
      }
      throw e;
    }
    long old = manifest;
    if (pointer == null || old == 0 || pointer.number() == old) {
      if (pointer != null) {
        manifest = pointer.number();
      }
      if (!before) {
        deleteUnneeded();
      }
    } else {
      manifest = pointer.number();
      unneeded.replaced(old);
    }
    return pointer == null ? new byte[0] : pointer.encode();
  }

  /// Is told that the catalog names the state.
  void published() {
    unneeded.named();
    deleteUnneeded();
  }

  private void deleteUnneeded() {
    UnneededFiles.Free free = unneeded.settled();
    deleteFiles(free.files());
    for (long number : free.manifests()) {
      delete(context.directory().resolve(manifestName(number)));
    }
  }

  /// The names of the files that there are now, with the manifest of a state.
  Set<String> names(byte[] bytes) {
    Set<String> names = new HashSet<>();
    if (bytes.length > 0) {
      names.add(manifestName(pointer(bytes).number()));
    }
    for (SstableMeta sstable : versions.current().all()) {
      names.add(StoreFileName.sstable(context.keyspace(), sstable.number()));
    }
    for (BlobFile blob : versions.current().blobs()) {
      names.add(StoreFileName.blob(context.keyspace(), blob.number()));
    }
    for (long number : state.ingestedNumbers()) {
      names.add(StoreFileName.sstable(context.keyspace(), number));
    }
    return names;
  }

  /// Reads all files and reports each problem; answers how many bytes were read.
  ///
  /// @throws IOException when the device refuses
  long verify(byte[] bytes, Consumer<String> problems) throws IOException {
    long read = 0;
    FileSet files;
    List<SstableMeta> sstables;
    installing.lock();
    try {
      if (state.isClosed()) {
        return 0;
      }
      sstables = new ArrayList<>();
      files = state.hold(sstables);
      if (bytes.length > 0) {
        read += verifyManifest(pointer(bytes), files.version(), problems);
      }
    } finally {
      installing.unlock();
    }
    try {
      files.version().problems().forEach(problems);
      for (SstableMeta sstable : sstables) {
        read += sstable.fileBytes();
        try {
          verify(sstable, files);
        } catch (CorruptionException e) {
          problems.accept(String.valueOf(e.getMessage()));
        }
      }
      read += blobs.verify(files.version().blobs(), problems);
    } finally {
      files.release();
    }
    return read;
  }

  /** As the file is on the device now, not as it was when it was opened. */
  private void verify(SstableMeta sstable, FileSet files) throws IOException {
    SstableReader open = files.acquire(sstable.number());
    if (open == null) {
      throw new IllegalStateException(sstable + " is not open");
    }
    SstableInfo known = open.info();
    open.release();
    SstableReader fresh;
    try {
      fresh = SstableReader.open(environment, known, options);
    } catch (NoSuchFileException e) {
      throw missing(e, environment.path(sstable.number()));
    }
    try {
      check(sstable, fresh.info());
      fresh.verify();
    } finally {
      fresh.release();
    }
  }

  private long verifyManifest(Pointer pointer, Version current, Consumer<String> problems)
      throws IOException {
    try {
      Manifest.Content content = Manifest.read(place, pointer);
      if (!content.version().asEdit().equals(current.asEdit())) {
        problems.accept(
            manifestName(pointer.number()) + " does not lead to the version that there is");
      }
      return content.end();
    } catch (NoSuchFileException e) {
      problems.accept(manifestName(pointer.number()) + " is missing");
      return 0;
    } catch (CorruptionException e) {
      problems.accept(String.valueOf(e.getMessage()));
      return 0;
    }
  }

  /// Ends it. The engine's state is closed already.
  void close() {
    installing.lock();
    try {
      versions.close();
    } catch (IOException _) {
      // Each edit is durable already.
      return;
    } finally {
      installing.unlock();
    }
  }
}
