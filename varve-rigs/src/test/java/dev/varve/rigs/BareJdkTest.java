package dev.varve.rigs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.Varve;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a bare JDK, without a flag and with nothing but varve-core, a program that uses a store
/// prints what it prints itself, and not one line more.
final class BareJdkTest {
  private static final String PROGRAM =
      """
      package bare;

      import dev.varve.Varve;
      import dev.varve.kv.EngineKind;
      import dev.varve.kv.Keyspace;
      import dev.varve.kv.KeyspaceOptions;
      import dev.varve.kv.Snapshot;
      import dev.varve.kv.Store;
      import java.nio.file.Path;

      public final class Program {
        public static void main(String[] arguments) {
          byte[] key = {1};
          for (int life = 0; life < 2; life++) {
            try (Store store = Varve.open(Path.of(arguments[0]))) {
              for (EngineKind engine : EngineKind.values()) {
                Keyspace keyspace = store.keyspace(engine.name(), KeyspaceOptions.of(engine));
                if (life == 1 && keyspace.get(key)[0] != 2) {
                  throw new IllegalStateException("the value is gone");
                }
                keyspace.put(key, new byte[] {2});
                try (Snapshot snapshot = store.snapshot()) {
                  if (keyspace.at(snapshot).count() != 1) {
                    throw new IllegalStateException("the snapshot is wrong");
                  }
                }
              }
              store.flush();
              if (!store.verify().isSound()) {
                throw new IllegalStateException("not sound");
              }
            }
          }
          System.out.println("done");
        }
      }
      """;

  private static String core() throws Exception {
    return Path.of(Varve.class.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString();
  }

  private static void compile(Path to, String pathOption, List<Path> sources) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> options = List.of("-d", to.toString(), pathOption, core());
    StringWriter told = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled =
          compiler
              .getTask(told, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
              .call();
      assertEquals(true, compiled, told.toString());
    }
  }

  private static Path source(Path directory, String name, String text) throws Exception {
    Path file = directory.resolve(name);
    Files.writeString(file, text);
    return file;
  }

  private static void run(Path directory, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(arguments);
    command.add(directory.resolve("store").toString());
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    // Each of these has the JVM take flags, and say so.
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"));
    Process process = builder.start();
    try {
      assertEquals(true, process.waitFor(120, TimeUnit.SECONDS), "it does not end");
    } finally {
      process.destroyForcibly();
    }
    assertEquals("", Files.readString(err));
    assertEquals("done" + System.lineSeparator(), Files.readString(out));
    assertEquals(0, process.exitValue());
  }

  @Test
  void nothing_is_printed_on_the_class_path(@TempDir Path directory) throws Exception {
    Path classes = Files.createDirectory(directory.resolve("classes"));
    compile(classes, "-cp", List.of(source(directory, "Program.java", PROGRAM)));
    String path = core() + System.getProperty("path.separator") + classes;
    run(directory, List.of("-cp", path, "bare.Program"));
  }

  @Test
  void nothing_is_printed_on_the_module_path(@TempDir Path directory) throws Exception {
    Path classes = Files.createDirectory(directory.resolve("classes"));
    String module = "module bare {\n  requires dev.varve.core;\n}\n";
    compile(
        classes,
        "-p",
        List.of(
            source(directory, "Program.java", PROGRAM),
            source(directory, "module-info.java", module)));
    String path = core() + System.getProperty("path.separator") + classes;
    run(directory, List.of("-p", path, "-m", "bare/bare.Program"));
  }
}
