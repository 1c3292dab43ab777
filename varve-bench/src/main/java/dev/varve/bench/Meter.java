package dev.varve.bench;

import com.sun.management.GarbageCollectionNotificationInfo;
import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.ListenerNotFoundException;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/// What the JVM tells of itself.
///
/// @threads safe
final class Meter {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private Meter() {}

  /// The bytes that this thread has allocated so far.
  static long allocatedBytes() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  /// The time that this thread has been on a processor, in nanoseconds.
  static long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /// The time that all threads of this process have been on processors, in nanoseconds.
  static long processCpuNanos() {
    return SYSTEM.getProcessCpuTime();
  }

  /// The most memory that this process has had in use so far, native memory included, in bytes; NaN
  /// where the operating system does not tell.
  static double residentBytesMax() {
    return number("/proc/self/status", "VmHWM:") * 1024;
  }

  /** The number on the line of a file that begins with this name. */
  private static double number(String file, String name) {
    try {
      for (String line : Files.readAllLines(Path.of(file))) {
        if (line.startsWith(name)) {
          return Double.parseDouble(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException e) {
      return Double.NaN;
    }
    return Double.NaN;
  }

  /// The bytes that this process has caused to be written to devices so far, by writes and through
  /// mappings alike; NaN where the operating system does not tell. A page that is changed again
  /// before it was written counts once; one that is dropped before counts all the same.
  static double deviceBytesWritten() {
    return number("/proc/self/io", "write_bytes:");
  }

  /// How many threads there are.
  static int threads() {
    return THREADS.getThreadCount();
  }

  /// The bytes of the heap that are in use when everything unreachable is gone.
  static long heapBytes() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 2; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
  }

  /// Counts collections, and keeps the most that was in use after one.
  static final class Collections implements AutoCloseable {
    private final AtomicLong count = new AtomicLong();
    private final AtomicLong millisMax = new AtomicLong();
    private final AtomicLong bytesAfterMax = new AtomicLong();
    private final NotificationListener listener =
        (notification, _) -> {
          if (notification.getUserData() instanceof CompositeData data) {
            note(GarbageCollectionNotificationInfo.from(data));
          }
        };

    Collections() {
      for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
        if (bean instanceof NotificationEmitter emitter) {
          emitter.addNotificationListener(listener, null, null);
        }
      }
    }

    private void note(GarbageCollectionNotificationInfo info) {
      if (info.getGcName().contains("Concurrent")) {
        return;
      }
      count.incrementAndGet();
      long millis = info.getGcInfo().getDuration();
      long after = 0;
      for (var pool : info.getGcInfo().getMemoryUsageAfterGc().entrySet()) {
        if (pool.getKey().startsWith("G1") || pool.getKey().contains("Gen")) {
          MemoryUsage usage = pool.getValue();
          after += usage.getUsed();
        }
      }
      millisMax.accumulateAndGet(millis, Math::max);
      bytesAfterMax.accumulateAndGet(after, Math::max);
    }

    /// How many pauses there were.
    long count() {
      return count.get();
    }

    /// The longest pause, in milliseconds.
    long millisMax() {
      return millisMax.get();
    }

    /// The most bytes in use after a collection.
    long bytesAfterMax() {
      return bytesAfterMax.get();
    }

    @Override
    public void close() throws ListenerNotFoundException {
      for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
        if (bean instanceof NotificationEmitter emitter) {
          emitter.removeNotificationListener(listener);
        }
      }
    }
  }
}
