package dev.varve.engine.lsm.version;

import dev.varve.base.Clock;
import dev.varve.engine.lsm.version.Manifest.Place;
import dev.varve.format.EditFile.Pointer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The current version of a keyspace and those before it that somebody still reads.
///
/// @threads safe
/// @lifetime until [#close]
public final class VersionSet implements AutoCloseable {
  /// Hears of files that no version has any more.
  public interface Observer {
    /// These files are needed by nobody: neither by the current version nor by one that is pinned.
    /// Called without a lock, once for each file.
    void obsolete(List<Long> numbers);
  }

  /// A version that stays readable until [#close].
  public final class Pin implements AutoCloseable {
    private final Version version;
    private int holders = 1;

    private Pin(Version version) {
      this.version = version;
    }

    /// What it pins.
    public Version version() {
      return version;
    }

    /// Holds it once more: [#close] has to be called as often. Whoever calls holds it.
    public Pin hold() {
      pinning.lock();
      try {
        holders++;
        return this;
      } finally {
        pinning.unlock();
      }
    }

    @Override
    public void close() {
      unpin(this);
    }
  }

  private final Place place;
  private final Clock clock;
  private final Observer observer;

  /// Guards all below; held while an edit is made durable, as edits have an order.
  private final ReentrantLock installing = new ReentrantLock();

  /// Guards the pins; held for moments, comes after `installing`.
  private final ReentrantLock pinning = new ReentrantLock();

  private @Nullable Manifest manifest;
  private volatile Pin current;
  private final List<Pin> earlier = new ArrayList<>();
  private long nextNumber;
  private final AtomicLong compactions = new AtomicLong();

  private VersionSet(
      Place place, Clock clock, Observer observer, Version version, @Nullable Manifest manifest) {
    this.place = place;
    this.clock = clock;
    this.observer = observer;
    this.current = new Pin(version);
    this.nextNumber = version.nextNumber();
    this.manifest = manifest;
  }

  /// A keyspace without files. Writes nothing.
  public static VersionSet empty(Place place, Clock clock, Observer observer) {
    return new VersionSet(place, clock, observer, Version.EMPTY, null);
  }

  /// A keyspace as its manifest has it. Writes nothing.
  ///
  /// @throws dev.varve.kv.CorruptionException when the manifest is damaged
  /// @throws IOException when the device refuses
  public static VersionSet open(Place place, Pointer pointer, Clock clock, Observer observer)
      throws IOException {
    Manifest.Content content = Manifest.read(place, pointer);
    return new VersionSet(
        place, clock, observer, content.version(), Manifest.open(place, pointer.number(), content));
  }

  /// The current version. It is safe to look at; its files are safe while it is pinned.
  public Version current() {
    return current.version;
  }

  /// Pins the current version.
  public Pin pin() {
    pinning.lock();
    try {
      Pin pin = current;
      pin.holders++;
      return pin;
    } finally {
      pinning.unlock();
    }
  }

  private void unpin(Pin pin) {
    List<Long> obsolete;
    pinning.lock();
    try {
      if (--pin.holders > 0) {
        return;
      }
      earlier.remove(pin);
      obsolete = unneeded(pin.version);
    } finally {
      pinning.unlock();
    }
    if (!obsolete.isEmpty()) {
      observer.obsolete(obsolete);
    }
  }

  /** The files of a version that is gone which no other has. */
  private List<Long> unneeded(Version gone) {
    Set<Long> needed = new HashSet<>(numbers(current.version));
    for (Pin pin : earlier) {
      needed.addAll(numbers(pin.version));
    }
    List<Long> unneeded = new ArrayList<>(numbers(gone));
    unneeded.removeAll(needed);
    return unneeded;
  }

  /// The numbers of a version's files.
  public static Set<Long> numbers(Version version) {
    Set<Long> numbers = new HashSet<>();
    version.all().forEach(sstable -> numbers.add(sstable.number()));
    version.blobs().forEach(blob -> numbers.add(blob.number()));
    return numbers;
  }

  /// A number for a new file, never given before.
  public long newNumber() {
    pinning.lock();
    try {
      return nextNumber++;
    } finally {
      pinning.unlock();
    }
  }

  /// Notes that a file has this number which the manifest may know nothing of.
  public void reserve(long number) {
    pinning.lock();
    try {
      nextNumber = Math.max(nextNumber, number + 1);
    } finally {
      pinning.unlock();
    }
  }

  /// Makes the version that `edit` makes of the current one current, durably.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; nothing changed
  /// @throws IOException when the device refuses; whether the edit survives is then unknown for
  ///   good
  public void install(VersionEdit edit) throws IOException {
    Pin replaced;
    installing.lock();
    try {
      long number = manifest == null ? newNumber() : 0;
      VersionEdit numbered = edit.withNextNumber(nextNumberNow());
      Version next = current.version.apply(numbered);
      if (manifest == null) {
        manifest = Manifest.create(place, number, next, clock.wallMillis());
      } else {
        manifest.append(numbered);
      }
      pinning.lock();
      try {
        replaced = current;
        earlier.add(replaced);
        current = new Pin(next);
        if (!edit.removed().isEmpty()) {
          var _ = compactions.incrementAndGet();
        }
      } finally {
        pinning.unlock();
      }
    } finally {
      installing.unlock();
    }
    unpin(replaced);
  }

  private long nextNumberNow() {
    pinning.lock();
    try {
      return nextNumber;
    } finally {
      pinning.unlock();
    }
  }

  /// How many edits took sstables away: a reader that sees it unchanged saw one set of files.
  public long compactionEpoch() {
    return compactions.get();
  }

  /// Makes the current version durable, where a process that was killed had not come to it.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; which version is durable is unknown for good
  public void sync() throws IOException {
    installing.lock();
    try {
      if (manifest != null) {
        manifest.sync();
      }
    } finally {
      installing.unlock();
    }
  }

  /// Where the manifest is now, for the catalog; null while there is none. A manifest that has
  /// grown past `bytesMax` is replaced by a short one first.
  ///
  /// @throws IOException when the device refuses; the manifest before remains good
  public @Nullable Pointer pointer(long bytesMax) throws IOException {
    installing.lock();
    try {
      Manifest old = manifest;
      if (old != null && old.bytes() > bytesMax) {
        manifest = Manifest.create(place, newNumber(), current.version, clock.wallMillis());
        old.close();
      }
      return manifest == null ? null : manifest.pointer();
    } finally {
      installing.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    installing.lock();
    try {
      if (manifest != null) {
        manifest.close();
        manifest = null;
      }
    } finally {
      installing.unlock();
    }
  }
}
