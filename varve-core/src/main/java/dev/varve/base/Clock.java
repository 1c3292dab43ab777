package dev.varve.base;

/// Time as the store sees it, so that a test can hold it still.
///
/// @threads safe
public interface Clock {
  /// The clock of the machine.
  Clock SYSTEM =
      new Clock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public long wallMillis() {
          return java.time.Instant.now().toEpochMilli();
        }
      };

  /// A time in nanoseconds from an arbitrary start, never running backwards: for intervals.
  long nanos();

  /// The wall clock, in milliseconds since 1970: data for people, never an order.
  long wallMillis();
}
