package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `export` and `import`, with real data, and with what can go wrong.
final class ExportTest {
  @TempDir private Path temporary;

  private Path path(String name) {
    return temporary.resolve(name);
  }

  private String text(String name) {
    return path(name).toString();
  }

  private static Ran ok(String... arguments) {
    Ran ran = Ran.varve(arguments);
    assertEquals(0, ran.code(), ran.toString());
    return ran;
  }

  private static void says(int code, String what, Ran ran) {
    assertEquals(code, ran.code(), ran.toString());
    assertTrue(ran.err().contains(what), ran.toString());
    assertFalse(ran.err().contains("\tat "), ran.toString());
  }

  private static Map<String, String> contents(Path directory) {
    Map<String, String> contents = new TreeMap<>();
    try (Store store = Varve.open(directory)) {
      for (Keyspace each : store.keyspaces()) {
        contents.put(
            each.name(),
            each.options().toText() + each.count(KeyRange.all()) + " " + each.checksum());
      }
    }
    return contents;
  }

  /** A table of OurAirports as the quick start has it. */
  private Path table(String name) throws IOException {
    Path to = path(name);
    try (InputStream in = Main.class.getResourceAsStream("quickstart/" + name)) {
      Files.copy(in, to);
    }
    return to;
  }

  private void small(String store) {
    ok("-d", text(store), "put", "-k", "a", "key", "value");
    ok("-d", text(store), "put", "-k", "b", "--engine", "hash", "key", "value");
  }

  @ParameterizedTest
  @EnumSource
  void real_data_comes_back_the_same_from_every_engine(EngineKind engine) throws IOException {
    String kind = engine.name().toLowerCase(Locale.ROOT);
    String data = engine == EngineKind.ARRAY ? "countries.csv.gz" : "airport-frequencies.csv.gz";
    String key = engine == EngineKind.ARRAY ? "code" : "airport_ident,id";
    ok("-d", text("from"), "load", "" + table(data), "-k", "rows", "--key", key, "--engine", kind);
    Ran exported = ok("export", text("from"), text("backup"));
    long rows = engine == EngineKind.ARRAY ? 249 : 30_340;
    String count = String.format(Locale.ROOT, "%,d", rows);
    assertTrue(exported.text().startsWith("exported " + count + " entries of 1 keyspace, "));
    Ran imported = ok("import", text("backup"), text("to"));
    assertTrue(imported.text().startsWith("imported " + count + " entries of 1 keyspace, "));
    assertEquals(contents(path("from")), contents(path("to")));
    assertEquals(
        Ran.varve("-d", text("from"), "dump", "-k", "rows").lines().stream().sorted().toList(),
        Ran.varve("-d", text("to"), "dump", "-k", "rows").lines().stream().sorted().toList());
    ok("-d", text("to"), "verify", "--deep");
    Ran inspected = ok("inspect", text("backup"));
    assertTrue(inspected.text().contains("keyspace 'rows'"), inspected.text());
  }

  @Test
  void a_pipe_does_as_a_file() throws IOException {
    small("from");
    ok("-d", text("from"), "export", text("file"));
    Ran piped = ok("-d", text("from"), "export", "-");
    assertEquals(Files.size(path("file")), piped.out().length);
    assertTrue(piped.err().contains("exported 2 entries of 2 keyspaces"), piped.err());
    Ran taken = Ran.with(piped.out(), Map.of(), false, "-d", text("to"), "import", "-");
    assertEquals(0, taken.code(), taken.toString());
    assertEquals(contents(path("from")), contents(path("to")));
    byte[] cut = Arrays.copyOf(piped.out(), piped.out().length - 5);
    says(
        3,
        "standard input is damaged at byte " + cut.length,
        Ran.with(cut, Map.of(), false, "import", "-", text("other")));
    assertEquals(Map.of(), contents(path("other")), "it was taken out again");
    says(2, "--overwrite needs a file", Ran.varve("import", "--overwrite", "-", text("to")));
  }

  @Test
  void a_keyspace_with_entries_is_overwritten_only_when_asked() {
    small("from");
    ok("export", text("from"), text("backup"));
    ok("-d", text("to"), "put", "-k", "b", "old", "value");
    Map<String, String> before = contents(path("to"));
    says(2, "'b' has entries already", Ran.varve("import", text("backup"), text("to")));
    assertEquals(before, contents(path("to")));
    ok("import", "--overwrite", text("backup"), text("to"));
    assertEquals(1, Ran.varve("-d", text("to"), "dump", "-k", "b").lines().size());
    assertEquals("value\n", ok("-d", text("to"), "get", "-k", "b", "key").text());
  }

  @Test
  void a_damaged_or_foreign_file_makes_no_store_and_changes_none() throws IOException {
    small("from");
    ok("export", text("from"), text("backup"));
    byte[] whole = Files.readAllBytes(path("backup"));
    byte[] bad = whole.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(path("bad"), bad);
    Files.write(path("cut"), Arrays.copyOf(whole, whole.length - 1));
    Files.writeString(path("text"), "ident,name\n".repeat(30));
    for (String file : List.of("bad", "cut", "text")) {
      says(3, path(file) + " is damaged at byte ", Ran.varve("import", text(file), text("new")));
      assertFalse(Files.exists(path("new")), file);
      says(3, "byte", Ran.varve("import", "--overwrite", text(file), text("from")));
    }
    assertEquals("value\n", ok("-d", text("from"), "get", "-k", "a", "key").text());
    says(2, "there is no file", Ran.varve("import", text("missing"), text("new")));
    says(2, "is a directory", Ran.varve("import", text("from"), text("new")));
  }

  @Test
  void an_export_never_replaces_a_file_and_leaves_no_part_of_one() throws IOException {
    small("from");
    Files.writeString(path("mine"), "mine");
    says(2, "is there already", Ran.varve("export", text("from"), text("mine")));
    assertEquals("mine", Files.readString(path("mine")));
    says(3, "there is no store in", Ran.varve("export", text("missing"), text("new")));
    assertFalse(Files.exists(path("new")));
    says(2, "named already", Ran.varve("-d", text("from"), "export", text("from"), text("new")));
    says(2, "which store", Ran.varve("export", text("new")));
    says(2, "not for reading", Ran.with(new byte[0], Map.of(), true, "export", text("from"), "-"));
    ok("export", text("from"), text("new"));
    try (Stream<Path> files = Files.list(temporary)) {
      assertEquals(
          List.of("from", "mine", "new"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void the_prompt_exports_and_imports_the_store_that_is_open() throws IOException {
    small("from");
    Ran ran =
        Ran.withInput(
            "export " + text("backup") + "\nimport --overwrite " + text("backup") + "\nimport -\n",
            "-d",
            text("from"),
            "shell");
    assertEquals(2, ran.code(), ran.toString());
    assertTrue(ran.text().contains("exported 2 entries"), ran.toString());
    assertTrue(ran.text().contains("imported 2 entries"), ran.toString());
    assertTrue(ran.err().contains("standard input is this prompt's"), ran.toString());
    assertArrayEquals(
        "value\n".getBytes(StandardCharsets.UTF_8),
        ok("-d", text("from"), "get", "-k", "a", "key").out());
  }
}
