package dev.varve.bench;

/// Measures what a loop on this thread takes: by the clock, on a processor, and of the heap.
///
/// On a machine that has other work the time on a processor is what remains comparable: it counts
/// neither the other work nor the waiting for the device.
///
/// @threads the one that made it
final class Stopwatch {
  private final long allocated = Meter.allocatedBytes();
  private final long cpu = Meter.cpuNanos();
  private final long allCpu = Meter.processCpuNanos();
  private final long begun = System.nanoTime();

  /// Hands in what `count` operations took since this was made.
  void stop(Run run, String subject, String metric, long count) {
    double nanos = System.nanoTime() - begun;
    double cpuNanos = Meter.cpuNanos() - cpu;
    double bytes = Meter.allocatedBytes() - allocated;
    double allNanos = Meter.processCpuNanos() - allCpu;
    run.record(subject, metric, Unit.NANOS, nanos / count);
    run.record(subject, metric + ON_PROCESSOR, Unit.NANOS, cpuNanos / count);
    run.record(subject, metric + ALLOCATION, Unit.BYTES, bytes / count);
    run.record(subject, metric + ON_ALL_PROCESSORS, Unit.NANOS, allNanos / count);
  }

  /// Hands in what `count` operations of several threads took since this was made.
  void stopAll(Run run, String subject, String metric, long count) {
    double nanos = System.nanoTime() - begun;
    double allNanos = Meter.processCpuNanos() - allCpu;
    run.record(subject, metric, Unit.NANOS, nanos / count);
    run.record(subject, metric + ON_ALL_PROCESSORS, Unit.NANOS, allNanos / count);
  }

  /// What the name of a metric ends with that counts time on a processor only.
  static final String ON_PROCESSOR = ", processor";

  /// What the name of a metric ends with that counts time of the whole process on processors: that
  /// of background threads, collections and compilations too.
  static final String ON_ALL_PROCESSORS = ", process";

  /// What the name of a metric ends with that counts allocated bytes.
  static final String ALLOCATION = ", allocation";
}
