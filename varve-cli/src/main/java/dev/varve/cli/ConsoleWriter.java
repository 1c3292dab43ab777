package dev.varve.cli;

import dev.varve.cli.console.Console;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/// Lets picocli write help where results go.
final class ConsoleWriter extends PrintWriter {
  ConsoleWriter(Console console) {
    super(
        new Writer() {
          @Override
          public void write(char[] buffer, int offset, int length) {
            console.bytes(new String(buffer, offset, length).getBytes(StandardCharsets.UTF_8));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        });
  }
}
