package dev.varve.cli;

import dev.varve.cli.console.Interruption;
import dev.varve.cli.console.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A command that was run in this process.
///
/// @param code its exit code
/// @param out what it wrote to standard output
/// @param err what it wrote to standard error
record Ran(int code, byte[] out, String err) {
  static Ran varve(String... arguments) {
    return with(new byte[0], Map.of(), false, arguments);
  }

  static Ran withInput(String input, String... arguments) {
    return with(input.getBytes(StandardCharsets.UTF_8), Map.of(), false, arguments);
  }

  static Ran with(
      byte[] input, Map<String, String> environment, boolean terminal, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            new ByteArrayInputStream(input), out, err, false, terminal, terminal, 80, environment);
    int code = Main.run(List.of(arguments), streams, new Interruption());
    return new Ran(code, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }

  String text() {
    return new String(out, StandardCharsets.UTF_8);
  }

  List<String> lines() {
    return text().lines().toList();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Ran(int otherCode, byte[] otherOut, String otherErr)
        && code == otherCode
        && Arrays.equals(out, otherOut)
        && err.equals(otherErr);
  }

  @Override
  public int hashCode() {
    return code;
  }

  @Override
  public String toString() {
    return "exit " + code + "\n" + text() + "\n--- err\n" + err;
  }
}
