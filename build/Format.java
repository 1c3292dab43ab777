import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Runs the formatter over every Java file of the project.
///
/// Usage: `java build/Format.java FORMATTER_JAR check|rewrite`. `check` fails and names the files
/// that differ; `rewrite` puts them right.
public final class Format {
  private Format() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Path jar = Path.of(args[0]);
    boolean rewrite = args[1].equals("rewrite");
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-jar", jar.toString()));
    if (rewrite) {
      command.add("--replace");
    } else {
      command.addAll(List.of("--dry-run", "--set-exit-if-changed"));
    }
    try (Stream<Path> files = Files.walk(Path.of(""))) {
      files
          .filter(f -> f.toString().endsWith(".java"))
          .filter(f -> !f.toString().contains("target/"))
          .sorted()
          .forEach(f -> command.add(f.toString()));
    }
    int code = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (code != 0) {
      System.err.println("The files above are not formatted; run: mvn -Pformat validate");
    }
    System.exit(code);
  }
}
