package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableRemains;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What is sound of many sstables as one sequence of entries: by key, then newest first.
///
/// Sstables that do not overlap follow each other in a run, of which one is open at a time.
///
/// @threads one at a time
/// @lifetime until [#close]
final class SalvageRuns implements AutoCloseable {
  /// An sstable.
  ///
  /// @param from its first key; null when nobody knows its keys
  /// @param last its last key
  /// @param ingestedAt the sequence number of all its entries; 0 where the file's own count
  record Part(long number, byte @Nullable [] from, byte @Nullable [] last, long ingestedAt) {}

  private final LsmSalvage.Source source;
  private final Consumer<String> losses;
  private final PriorityQueue<Run> queue = new PriorityQueue<>(SalvageRuns::compare);

  /// @param losses is told what cannot be read of the sstables
  /// @throws IOException when a file cannot be closed
  SalvageRuns(LsmSalvage.Source source, List<Part> parts, Consumer<String> losses)
      throws IOException {
    this.source = source;
    this.losses = losses;
    for (Run run : runs(parts)) {
      if (run.advance()) {
        queue.add(run);
      }
    }
  }

  private List<Run> runs(List<Part> parts) {
    List<Run> runs = new ArrayList<>();
    List<Part> known = new ArrayList<>();
    for (Part part : parts) {
      if (part.from == null || part.last == null) {
        runs.add(new Run(part));
      } else {
        known.add(part);
      }
    }
    known.sort(Comparator.comparing(part -> part.from, SalvageRuns::compareKeys));
    List<Run> ordered = new ArrayList<>();
    for (Part part : known) {
      Run fitting = null;
      for (Run run : ordered) {
        if (compareKeys(run.parts.getLast().last, part.from) < 0) {
          fitting = run;
          break;
        }
      }
      if (fitting == null) {
        ordered.add(new Run(part));
      } else {
        fitting.parts.add(part);
      }
    }
    runs.addAll(ordered);
    return runs;
  }

  private static int compareKeys(byte @Nullable [] a, byte @Nullable [] b) {
    return Bytes.compare(a == null ? new byte[0] : a, b == null ? new byte[0] : b);
  }

  private static int compare(Run a, Run b) {
    SstableRemains mine = a.open();
    SstableRemains theirs = b.open();
    int order =
        Bytes.compare(
            mine.keyArray(), 0, mine.keyLength(), theirs.keyArray(), 0, theirs.keyLength());
    if (order == 0) {
      order = Long.compare(Stamp.sequence(theirs.stamp()), Stamp.sequence(mine.stamp()));
    }
    return order != 0 ? order : Long.compare(b.number(), a.number());
  }

  /// The entry that it stands on; null at the end.
  @Nullable SstableRemains entry() {
    Run first = queue.peek();
    return first == null ? null : first.open();
  }

  /// Moves on.
  ///
  /// @throws IOException when a file cannot be closed
  void advance() throws IOException {
    Run first = queue.remove();
    if (first.advance()) {
      queue.add(first);
    }
  }

  @Override
  public void close() throws IOException {
    for (Run run : queue) {
      run.close();
    }
  }

  /** Sstables that follow each other. */
  private final class Run {
    private final List<Part> parts = new ArrayList<>();
    private int next;
    private @Nullable SstableRemains remains;

    Run(Part first) {
      parts.add(first);
    }

    SstableRemains open() {
      SstableRemains own = remains;
      if (own == null) {
        throw new IllegalStateException("the run stands on no entry");
      }
      return own;
    }

    long number() {
      return parts.get(next - 1).number;
    }

    boolean advance() throws IOException {
      while (true) {
        SstableRemains own = remains;
        if (own != null) {
          if (own.next()) {
            return true;
          }
          own.losses().forEach(losses);
          close();
        }
        if (next == parts.size()) {
          return false;
        }
        Part part = parts.get(next++);
        try {
          remains = source.open(part.number, part.ingestedAt);
        } catch (VarveException | IOException e) {
          losses.accept(
              "sstable " + part.number + " could be read once, not twice: " + e.getMessage());
        }
      }
    }

    void close() throws IOException {
      SstableRemains own = remains;
      remains = null;
      if (own != null) {
        own.close();
      }
    }
  }
}
