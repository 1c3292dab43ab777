package dev.varve.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.kv.Progress;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

final class MeterTest {
  @Test
  void a_line_tells_share_amount_rate_and_time_left() {
    Progress progress = new Progress("load", "bytes", 5 << 20, 20 << 20, Duration.ofMillis(2500));
    assertEquals(
        "load  [######]   25 %  5.00 MiB  2.00 MiB/s  8 s left", Meter.text(progress, "[######]"));
    assertEquals(
        "dump  20,000 entries  10.0 k/s",
        Meter.text(new Progress("dump", "entries", 20_000, -1, Duration.ofSeconds(2)), null));
  }

  @Test
  void a_bar_stays_on_one_line_of_the_terminal_and_is_wiped_away() throws Exception {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (Meter meter = console(err, true).meter()) {
      Thread.sleep(600);
      meter.onProgress(new Progress("x".repeat(100), "entries", 1, 2, Duration.ofSeconds(1)));
    }
    String shown = err.toString(StandardCharsets.UTF_8);
    assertTrue(shown.startsWith("\r" + "x".repeat(79) + "\r"), shown);
    assertTrue(shown.endsWith("\r" + " ".repeat(79) + "\r"), shown);
    assertFalse(shown.contains("\n"));
  }

  @Test
  void work_stops_when_an_end_was_asked_for() {
    Console console = console(new ByteArrayOutputStream(), false);
    try (Meter meter = console.meter()) {
      Progress progress = new Progress("work", "entries", 1, 2, Duration.ofSeconds(1));
      assertTrue(meter.onProgress(progress));
      console.interruption().ask();
      assertFalse(meter.onProgress(progress));
      assertThrows(CancellationException.class, () -> meter.step("work", "entries", 1, 2));
    }
  }

  private static Console console(OutputStream err, boolean terminal) {
    return new Console(
        new Streams(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            err,
            false,
            false,
            terminal,
            80,
            Map.of()),
        new Interruption());
  }
}
