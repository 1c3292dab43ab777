package dev.varve.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/// What one process of a row works with, and where it hands in what it measured.
///
/// @threads one at a time
final class Run {
  private final int round;
  private final Sizes sizes;
  private final Path directory;
  private final Consumer<Sample> sink;
  private int fresh;

  /// @param directory the row's own; what is in it stays for the row's other processes
  Run(int round, Sizes sizes, Path directory, Consumer<Sample> sink) {
    this.round = round;
    this.sizes = sizes;
    this.directory = directory;
    this.sink = sink;
  }

  /// The number of the round, from 0.
  int round() {
    return round;
  }

  /// How many entries, where a row usually has `usual`.
  long entries(long usual) {
    return sizes.entries() > 0 ? sizes.entries() : Math.max(1, (long) (usual * sizes.scale()));
  }

  /// How often or how much of anything else, where it is usually `usual`; at least 1.
  long count(long usual) {
    return Math.max(1, (long) (usual * sizes.scale()));
  }

  /// How many bytes of memory a store may use, where it is usually `usual`.
  long memory(long usual) {
    return sizes.memoryBytes() > 0 ? sizes.memoryBytes() : usual;
  }

  /// Where keys and orders come from.
  long seed() {
    return sizes.seed();
  }

  /// The row's directory.
  Path directory() {
    return directory;
  }

  /// A directory of this name that is not there yet; to be removed with [#remove].
  ///
  /// @throws IOException when an old one cannot be removed
  Path fresh(String name) throws IOException {
    Path path = directory.resolve(name + "-" + round + "-" + fresh++);
    remove(path);
    return path;
  }

  /// Removes a file or a directory with all that is in it, if it is there.
  ///
  /// @throws IOException when that fails
  static void remove(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  /// Hands in a value.
  void record(String subject, String metric, Unit unit, double value) {
    sink.accept(new Sample(round, subject, metric, unit, value));
  }

  /// Hands in a whole number.
  void record(String subject, String metric, Unit unit, long value) {
    record(subject, metric, unit, (double) value);
  }

  /// Hands in quantiles of a histogram of nanoseconds.
  void record(String subject, String metric, Histogram nanos) {
    if (nanos.getTotalCount() == 0) {
      return;
    }
    record(subject, metric + " p50", Unit.MICROS, nanos.getValueAtPercentile(50) / 1e3);
    record(subject, metric + " p99", Unit.MICROS, nanos.getValueAtPercentile(99) / 1e3);
    record(subject, metric + " p99.9", Unit.MICROS, nanos.getValueAtPercentile(99.9) / 1e3);
    record(subject, metric + " max", Unit.MICROS, nanos.getMaxValue() / 1e3);
  }
}
