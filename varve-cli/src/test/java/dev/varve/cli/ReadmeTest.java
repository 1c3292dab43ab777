package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What README shows is what there is.
final class ReadmeTest {
  @TempDir Path temporary;

  private static String readme() throws IOException {
    return Files.readString(root().resolve("README.md"));
  }

  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("README.md")) ? here : here.getParent();
  }

  @Test
  void the_java_example_is_the_one_that_is_compiled_and_run_here() throws IOException {
    String source =
        Files.readString(
            root().resolve("varve-cli/src/test/java/dev/varve/cli/ReadmeExample.java"));
    String example =
        source.substring(
            source.indexOf("// README begins\n") + "// README begins\n".length(),
            source.indexOf("// README ends"));
    assertTrue(
        readme()
            .contains(
                "```java\n"
                    + example
                        .replace("@SuppressWarnings(\"DefaultCharset\")\n", "")
                        .replace("ReadmeExample", "Example")
                    + "```"),
        "README's Java block is not what ReadmeExample.java holds");
  }

  @Test
  void the_java_example_prints_what_readme_says() throws IOException {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      ReadmeExample.main(new String[] {temporary.resolve("data").toString()});
    } finally {
      System.setOut(before);
    }
    assertTrue(
        readme().contains("```text\n" + printed.toString(StandardCharsets.UTF_8) + "```"),
        printed.toString(StandardCharsets.UTF_8));
  }

  @Test
  void every_command_of_the_cheat_sheet_is_one() throws IOException {
    Matcher lines =
        Pattern.compile("^\\./varve (?:-d \\S+ )?(\\w+)(.*)$", Pattern.MULTILINE).matcher(readme());
    int seen = 0;
    while (lines.find()) {
      Ran help = Ran.varve(lines.group(1), "--help");
      assertEquals(0, help.code(), lines.group());
      Matcher options = Pattern.compile("--[a-z0-9-]+").matcher(lines.group(2));
      while (options.find()) {
        assertTrue(help.text().contains(options.group()) || help.text().isEmpty(), lines.group());
      }
      seen++;
    }
    assertTrue(seen > 15, seen + " commands");
  }

  @Test
  void every_page_that_it_links_to_is_named_once_as_a_relative_path() throws IOException {
    Matcher links = Pattern.compile("\\]\\(([^)]+)\\)").matcher(readme());
    List<String> targets = links.results().map(found -> found.group(1)).toList();
    assertTrue(targets.contains("docs/ARCHITECTURE.md"), targets.toString());
    assertTrue(targets.stream().noneMatch(target -> target.startsWith("/")), targets.toString());
  }
}
