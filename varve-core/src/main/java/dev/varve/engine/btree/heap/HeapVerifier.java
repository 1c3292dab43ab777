package dev.varve.engine.btree.heap;

import dev.varve.format.EditFile;
import dev.varve.format.EditFile.Pointer;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.Consumer;

/// Compares what is on the device with what is in memory.
///
/// @threads one at a time
final class HeapVerifier {
  private final HeapEnvironment environment;
  private final long heapNumber;
  private final HeapObjects objects;
  private final SlotReader reader;
  private final Consumer<String> problems;
  private final Committed moment;
  private long bytesRead;

  HeapVerifier(
      HeapEnvironment environment,
      long heapNumber,
      HeapObjects objects,
      SlotReader reader,
      Consumer<String> problems) {
    this.environment = environment;
    this.heapNumber = heapNumber;
    this.objects = objects;
    this.reader = reader;
    this.problems = problems;
    this.moment = objects.committed();
  }

  private void problem(Exception e) {
    problems.accept(String.valueOf(e.getMessage()));
  }

  /// Reads the map, which nobody changes meanwhile.
  ///
  /// @param live all objects that there are, in their order
  /// @throws IOException when the device refuses
  void verifyMap(StoredObject[] live) throws IOException {
    Committed now = objects.committed();
    Pointer pointer = now.map();
    if (pointer == null) {
      return;
    }
    MapReading reading =
        new MapReading(HeapMap.path(environment, pointer.number()), now.heapBytes(), _ -> {});
    try {
      EditFile.Content content = HeapMap.content(environment, pointer.number(), pointer, reading);
      bytesRead += content.end();
      boolean same =
          content.edits() == pointer.edits()
              && content.end() == now.mapBytes()
              && reading.generation() == now.batch()
              && reading.cut() == now.cut()
              && Arrays.equals(reading.note(), now.note())
              && isSame(live, reading.objects());
      if (!same) {
        problems.accept(
            HeapMap.path(environment, pointer.number()) + " does not say what is in memory");
      }
    } catch (CorruptionException | FormatException e) {
      problem(e);
    }
  }

  private static boolean isSame(StoredObject[] live, StoredObject[] read) {
    if (live.length != read.length) {
      return false;
    }
    for (int i = 0; i < live.length; i++) {
      if (!live[i].isNamedLike(read[i])
          || live[i].payloadBytes() != read[i].payloadBytes()
          || live[i].generation() != read[i].generation()
          || !Arrays.equals(live[i].places(), read[i].places())) {
        return false;
      }
    }
    return true;
  }

  /// Reads every slot of these objects, and the file's head; answers how many bytes were read in
  /// all.
  ///
  /// @throws IOException when the device refuses
  long verifyObjects(StoredObject[] live) throws IOException {
    SizeClasses classes = objects.classes();
    if (moment.map() != null) {
      try (HeapFile opened = HeapFile.open(environment, heapNumber)) {
        bytesRead += Math.min(opened.size(), SlabTable.HEAD_BYTES);
        opened.check(environment, heapNumber, classes.slabBytes());
      } catch (CorruptionException | FormatException e) {
        problem(e);
      }
    }
    for (StoredObject object : live) {
      long done = 0;
      for (int piece = 0; piece < object.pieces(); piece++) {
        int length = classes.first(object.objectBytes() - done);
        try {
          bytesRead += classes.bytes(classes.ofPiece(length));
          reader.verify(object, piece, done, length);
        } catch (CorruptionException e) {
          problem(e);
        }
        done += length;
      }
    }
    return bytesRead;
  }
}
