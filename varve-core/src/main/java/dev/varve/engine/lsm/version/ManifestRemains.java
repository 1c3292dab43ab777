package dev.varve.engine.lsm.version;

import dev.varve.engine.lsm.version.Manifest.Place;
import dev.varve.format.EditFrames;
import dev.varve.format.Envelope;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What can be read of a manifest, whole or damaged: every edit that is sound by itself.
///
/// @param edits in the order of the file
/// @param version what the edits up to the first damage lead to; null when the first is damaged
/// @param problems what is wrong with it, one sentence each
/// @param tornBytes what a crash left behind the last edit, if it looks like no more than that
public record ManifestRemains(
    List<Found> edits, @Nullable Version version, List<String> problems, long tornBytes) {
  /// An edit.
  ///
  /// @param position where it begins in the file
  /// @param length how many bytes it takes there
  /// @param index which one it is, from 0
  public record Found(long position, long length, long index, VersionEdit edit) {}

  public ManifestRemains {
    edits = List.copyOf(edits);
    problems = List.copyOf(problems);
  }

  /// Reads a manifest in its place.
  ///
  /// @throws IOException when the device refuses
  public static ManifestRemains read(Place place, long number) throws IOException {
    return read(place.path(number), place, number);
  }

  /// Reads the manifest of a place and number, which may stand elsewhere. Damage to its envelope is
  /// a problem like any other.
  ///
  /// @throws IOException when the device refuses
  public static ManifestRemains read(Path path, Place place, long number) throws IOException {
    try (EditFrames frames = EditFrames.open(place.file(path, number))) {
      Reading reading = new Reading(path, frames);
      reading.run();
      return new ManifestRemains(
          reading.edits, reading.version, reading.problems, reading.tornBytes);
    }
  }

  /// The numbers of sstables that some edit took away for good: as numbers are never given twice,
  /// they are in no later version.
  public Set<Long> removed() {
    Set<Long> removed = new HashSet<>();
    for (Found found : edits) {
      found.edit.removed().forEach(one -> removed.add(one.number()));
      found.edit.added().forEach(one -> removed.remove(one.sstable().number()));
    }
    return removed;
  }

  /// For each sstable that some edit took in with one sequence number for all its entries, that
  /// number.
  public Map<Long, Long> ingested() {
    Map<Long, Long> ingested = new HashMap<>();
    for (Found found : edits) {
      for (VersionEdit.Added one : found.edit.added()) {
        if (one.sstable().ingestedAt() != 0) {
          ingested.put(one.sstable().number(), one.sstable().ingestedAt());
        }
      }
    }
    return ingested;
  }

  /** Under way. */
  private static final class Reading {
    private final Path path;
    private final EditFrames frames;
    private final List<Found> edits = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private @Nullable Version version;
    private boolean whole = true;
    private long tornBytes;

    Reading(Path path, EditFrames frames) {
      this.path = path;
      this.frames = frames;
    }

    void run() throws IOException {
      byte[] head = frames.head();
      if (head.length < Envelope.SIZE || !Envelope.isSound(head)) {
        problem(0, "its envelope is damaged");
      }
      long at = Envelope.SIZE;
      while (frames.find(at) || frames.findFrom(at, 0)) {
        if (frames.position() > at) {
          whole = false;
          problem(at, "no sound edit in " + (frames.position() - at) + " bytes");
        }
        at = take();
      }
      end(at);
    }

    /** Takes the edit that was found; answers where the next one belongs. */
    private long take() {
      long at = frames.position();
      long next = frames.next();
      long index = frames.edit();
      if (index != edits.size()) {
        whole = false;
        problem(at, "edit " + index + " where edit " + edits.size() + " belongs");
      }
      try {
        long payload = at + EditFrames.HEADER_BYTES;
        VersionEdit edit =
            EditCodec.decode(path, frames.array(), frames.from(), frames.to(), payload);
        edits.add(new Found(at, next - at, index, edit));
        Version before = edits.size() == 1 ? Version.EMPTY : version;
        if (whole && before != null) {
          version = before.apply(edit);
        }
      } catch (CorruptionException | IllegalArgumentException e) {
        whole = false;
        problem(at, "edit " + index + " is none: " + e.getMessage());
      }
      return next;
    }

    /** What is behind the last edit is a torn one at best. */
    private void end(long at) throws IOException {
      if (edits.isEmpty()) {
        problem(Envelope.SIZE, "it has no sound edit");
      }
      if (!frames.isZeroFrom(at)) {
        tornBytes = frames.size() - at;
      }
    }

    private void problem(long offset, String what) {
      problems.add(path.getFileName() + " at byte " + offset + ": " + what);
    }
  }
}
