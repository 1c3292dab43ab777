package dev.varve.bench;

import dev.varve.kv.EngineKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A JVM of its own for one process of a row.
public final class Launched {
  private Launched() {}

  /// The arguments of such a JVM.
  ///
  /// @param row the row's name
  /// @param process which of its processes
  /// @param round the round, from 0
  /// @param sizes how much is measured
  /// @param directory where the row may write
  /// @param samples the file that the samples are written to
  record Order(String row, String process, int round, Sizes sizes, Path directory, Path samples) {
    List<String> arguments() {
      return List.of(
          row,
          process,
          String.valueOf(round),
          String.valueOf(sizes.entries()),
          String.valueOf(sizes.scale()),
          String.valueOf(sizes.memoryBytes()),
          String.valueOf(sizes.seed()),
          directory.toString(),
          samples.toString());
    }

    static Order parse(List<String> a) {
      Sizes sizes =
          new Sizes(
              Long.parseLong(a.get(3)),
              Double.parseDouble(a.get(4)),
              Long.parseLong(a.get(5)),
              Long.parseLong(a.get(6)));
      return new Order(
          a.get(0),
          a.get(1),
          Integer.parseInt(a.get(2)),
          sizes,
          Path.of(a.get(7)),
          Path.of(a.get(8)));
    }
  }

  /// Runs what the arguments say; [Bench] makes them.
  public static void main(String[] args) throws Exception {
    Order order = Order.parse(List.of(args));
    // What a process does follows from its name, so any engine may be among the subjects.
    Rows.Selection selection =
        new Rows.Selection(List.of(EngineKind.values()), order.sizes.entries());
    Row row =
        Rows.find(order.row, selection)
            .orElseThrow(() -> new IllegalArgumentException("no row " + order.row));
    try (Writer out = Files.newBufferedWriter(order.samples)) {
      row.run(
          order.process,
          new Run(
              order.round,
              order.sizes,
              order.directory,
              sample -> {
                try {
                  out.write(sample.toLine());
                  out.write('\n');
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }));
    }
  }

  /// Starts a JVM with this order, class path and flags and waits for its end; answers its samples.
  ///
  /// @throws IOException when it failed; what it said is on the standard error
  static List<Sample> launch(Order order, String classPath, List<String> flags)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.add("-cp");
    command.add(classPath);
    command.add(Launched.class.getName());
    command.addAll(order.arguments());
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int status;
    try {
      status = process.waitFor();
    } finally {
      process.destroyForcibly();
    }
    if (status != 0) {
      throw new IOException(
          "the JVM of row " + order.row + ", process " + order.process + " ended with " + status);
    }
    return Files.readAllLines(order.samples).stream().map(Sample::parse).toList();
  }
}
