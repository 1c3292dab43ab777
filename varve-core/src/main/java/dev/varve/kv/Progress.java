package dev.varve.kv;

import java.time.Duration;
import java.util.OptionalLong;

/// How far a long piece of work is.
///
/// @param task what is done, for people: `replay log`
/// @param unit what is counted: `bytes`, `entries`
/// @param done how many are done
/// @param total how many there are, or -1 while unknown
/// @param elapsed since the work began
public record Progress(String task, String unit, long done, long total, Duration elapsed) {
  /// Units a second, 0 at the very beginning.
  public double rate() {
    double seconds = elapsed.toNanos() / 1e9;
    return seconds <= 0 ? 0 : done / seconds;
  }

  /// The time left at the rate so far, in milliseconds, where it can be told.
  public OptionalLong millisLeft() {
    double rate = rate();
    return total < 0 || rate <= 0
        ? OptionalLong.empty()
        : OptionalLong.of((long) (Math.max(0, total - done) / rate * 1000));
  }
}
