package dev.varve.engine.btree.heap;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Figures of a heap at one moment.
///
/// @param fileBytes the length of the heap file
/// @param mapBytes the length of the map
/// @param slabBytes how large a slab is
/// @param slabs slabs in the file
/// @param freeSlabs those that hold no object
/// @param liveBytes bytes of the slots that live objects have
/// @param waitingBytes bytes of slots whose objects are gone, but may still be read by somebody
/// @param leaves live leaves
/// @param values live large values
/// @param payloadBytes bytes of the payloads of all live objects
/// @param pieces slots that live objects have
/// @param memoryBytes memory that the heap accounts for
/// @param batches batches that this process made durable
/// @param bytesWritten bytes that they wrote to the heap file, moved ones included
/// @param mapBytesWritten bytes that they wrote to maps
/// @param mapsReplaced how often a short map took the place of a long one
/// @param objectsMoved objects that they moved
/// @param bytesMoved bytes of the slots that these had
/// @param unreadable live objects that could not be moved as they cannot be read
/// @param unreadableMessage what is wrong with the first of these, or null
/// @param classes figures of each size of slots that there is, by size
public record HeapStats(
    long fileBytes,
    long mapBytes,
    int slabBytes,
    int slabs,
    int freeSlabs,
    long liveBytes,
    long waitingBytes,
    long leaves,
    long values,
    long payloadBytes,
    long pieces,
    long memoryBytes,
    long batches,
    long bytesWritten,
    long mapBytesWritten,
    long mapsReplaced,
    long objectsMoved,
    long bytesMoved,
    int unreadable,
    @Nullable String unreadableMessage,
    List<SlotClass> classes) {
  /// The slots of one size.
  ///
  /// @param slotBytes their size
  /// @param slabs slabs that have them
  /// @param slots how many there are
  /// @param live how many hold a piece of a live object
  /// @param waiting how many hold one whose object is gone, but may still be read
  public record SlotClass(int slotBytes, int slabs, long slots, long live, long waiting) {}

  public HeapStats {
    classes = List.copyOf(classes);
  }

  /// The share of the file's slabs that live objects fill; 1 for a file without slabs.
  public double fill() {
    return slabs == 0 ? 1 : (double) liveBytes / ((double) slabs * slabBytes);
  }
}
