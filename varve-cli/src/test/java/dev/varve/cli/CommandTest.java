package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandTest {
  @TempDir Path temporary;
  private String store = "";

  @BeforeEach
  void nameTheStore() {
    store = temporary.resolve("store").toString();
  }

  private Ran varve(String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "-d";
    all[1] = store;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Ran.varve(all);
  }

  private static void assertCode(int code, Ran ran) {
    assertEquals(code, ran.code(), ran.toString());
    assertFalse(ran.err().contains("\tat "), ran.toString());
  }

  private void put(String key, String value) {
    assertCode(0, varve("put", "-k", "k", key, value));
  }

  @Test
  void what_was_put_is_got_by_another_run_until_it_is_deleted() {
    assertCode(0, varve("put", "-k", "k", "key", "välue"));
    Ran got = varve("get", "-k", "k", "key");
    assertCode(0, got);
    assertEquals("välue\n", got.text());
    assertCode(0, varve("delete", "-k", "k", "key"));
    assertCode(1, varve("delete", "-k", "k", "key"));
    Ran absent = varve("get", "-k", "k", "key");
    assertCode(1, absent);
    assertEquals("", absent.text());
    assertEquals("not found\n", absent.err());
  }

  @Test
  void quiet_says_nothing_of_an_absent_key() {
    put("a", "1");
    assertEquals("", varve("-q", "get", "-k", "k", "b").err());
  }

  @Test
  void scans_go_by_prefix_range_limit_and_backwards() {
    for (String key : List.of("a1", "a2", "b1", "b2", "c1")) {
      put(key, "v" + key);
    }
    assertEquals(List.of("a1\tva1", "a2\tva2"), varve("scan", "-k", "k", "--prefix", "a").lines());
    assertEquals(
        List.of("a2", "b1"),
        varve("scan", "-k", "k", "--from", "a2", "--to", "b2", "--keys-only").lines());
    assertEquals(
        List.of("c1", "b2"),
        varve("scan", "-k", "k", "--reverse", "--limit", "2", "--keys-only").lines());
    assertEquals(List.of(), varve("scan", "-k", "k", "--limit", "0").lines());
    assertEquals("2\n", varve("count", "-k", "k", "--prefix", "b").text());
    assertEquals("5\n", varve("count", "-k", "k").text());
  }

  @Test
  void json_is_one_object_a_line_for_every_command() throws IOException {
    Path rows = Files.writeString(temporary.resolve("rows.csv"), "id,name\n1,a\n2,b\n");
    List<List<String>> commands =
        List.of(
            List.of("put", "-k", "k", "a", "1"),
            List.of("load", rows.toString(), "-k", "k"),
            List.of("get", "-k", "k", "a"),
            List.of("scan", "-k", "k"),
            List.of("count", "-k", "k"),
            List.of("dump", "-k", "k"),
            List.of("keyspaces"),
            List.of("stats"),
            List.of("verify", "--deep"),
            List.of("inspect", "CATALOG"),
            List.of("export", temporary.resolve("export").toString()),
            List.of("import", "--overwrite", temporary.resolve("export").toString()),
            List.of("delete", "-k", "k", "a"),
            List.of("salvage", temporary.resolve("saved").toString()),
            List.of("version"));
    for (List<String> command : commands) {
      Ran ran =
          varve(
              java.util.stream.Stream.concat(java.util.stream.Stream.of("--json"), command.stream())
                  .toArray(String[]::new));
      assertCode(0, ran);
      assertFalse(ran.lines().isEmpty(), command.toString());
      for (String line : ran.lines()) {
        Json.check(line);
      }
    }
    assertEquals(
        List.of(
            "{\"key\":\"2\",\"found\":true,\"value\":\"{\\\"id\\\":\\\"2\\\",\\\"name\\\":\\\"b\\\"}\"}"),
        varve("--json", "get", "-k", "k", "2").lines());
    Ran absent = varve("--json", "get", "-k", "k", "3");
    assertCode(1, absent);
    assertEquals("{\"key\":\"3\",\"found\":false,\"value\":null}\n", absent.text());
  }

  @Test
  void any_bytes_go_in_and_out_by_hex_and_base64() {
    assertCode(0, varve("put", "-k", "k", "--hex", "00ff", "0a5c09"));
    assertEquals("0a5c09\n", varve("get", "-k", "k", "--hex", "00ff").text());
    assertEquals(
        "Clwj\n".replace("Clwj", "ClwJ"), varve("get", "-k", "k", "--base64", "AP8=").text());
    assertEquals("\\x00\\xff\t\\n\\\\\\t\n", varve("scan", "-k", "k").text());
    assertEquals("00ff\t0a5c09\n", varve("scan", "-k", "k", "--hex").text());
    assertEquals(
        "{\"keyBase64\":\"AP8=\",\"value\":\"\\n\\\\\\t\"}\n",
        varve("scan", "-k", "k", "--json").text());
    assertEquals(
        "{\"key\":\"00ff\",\"value\":\"0a5c09\"}\n",
        varve("scan", "-k", "k", "--json", "--hex").text());
    assertCode(2, varve("get", "-k", "k", "--hex", "0"));
    assertCode(2, varve("get", "-k", "k", "--hex", "--base64", "00"));
  }

  @Test
  void raw_writes_the_bytes_of_a_value_and_nothing_else() {
    assertCode(0, varve("put", "-k", "k", "--hex", "61", "00ff0a"));
    assertArrayEquals(
        new byte[] {0, (byte) 0xff, '\n'}, varve("get", "-k", "k", "--raw", "a").out());
  }

  @Test
  void a_value_comes_from_standard_input_when_asked() {
    Ran put = Ran.withInput("two\nlines", "-d", store, "put", "-k", "k", "a", "--stdin");
    assertCode(0, put);
    assertEquals("two\nlines\n", varve("get", "-k", "k", "a").text());
    assertEquals("a\ttwo\\nlines\n", varve("scan", "-k", "k").text());
    assertCode(2, varve("put", "-k", "k", "a"));
  }

  @Test
  void escape_sequences_of_a_terminal_are_never_written_raw() {
    assertCode(0, varve("put", "-k", "k", "a", "\033[2Jgone\u202Eevil"));
    String shown = varve("get", "-k", "k", "a").text();
    assertEquals("\\x1b[2Jgone\\xe2\\x80\\xaeevil\n", shown);
  }

  @Test
  void keyspaces_are_made_with_the_engine_and_keep_it() {
    for (String engine : List.of("array", "hash", "lsm", "rbtree")) {
      assertCode(0, varve("put", "-k", engine, "--engine", engine, "a", "1"));
    }
    Ran listed = varve("keyspaces");
    assertEquals(5, listed.lines().size(), listed.toString());
    assertTrue(listed.lines().get(1).matches("array +array +1 .*"), listed.toString());
    try (Store opened = Varve.open(Path.of(store))) {
      assertEquals(
          KeyspaceOptions.of(EngineKind.HASH), opened.findKeyspace("hash").orElseThrow().options());
    }
    Ran other = varve("put", "-k", "hash", "--engine", "array", "b", "2");
    assertCode(2, other);
    Ran unordered = varve("scan", "-k", "hash", "--prefix", "a");
    assertCode(2, unordered);
    assertTrue(unordered.err().contains("engine hash"), unordered.err());
    assertCode(2, varve("scan", "-k", "array", "--reverse"));
  }

  @Test
  void every_durability_level_is_taken() {
    for (String level : List.of("sync", "group", "periodic", "none")) {
      assertCode(0, varve("put", "-k", "k", "--durability", level, level, "1"));
      assertCode(0, varve("delete", "-k", "k", "--durability", level, level));
    }
  }

  @Test
  void verify_stats_and_inspect_look_at_a_sound_store() {
    put("a", "1");
    Ran verified = varve("verify", "--deep");
    assertCode(0, verified);
    assertTrue(verified.text().startsWith("sound: "), verified.text());
    Ran stats = varve("stats");
    assertCode(0, stats);
    assertTrue(stats.text().contains("durability=group"), stats.text());
    Ran inspected = varve("inspect", "CATALOG");
    assertCode(0, inspected);
    assertTrue(inspected.text().startsWith("kind "), inspected.text());
  }

  @Test
  void stats_show_levels_and_amplifications_of_keyspaces_made_with_a_preset() {
    assertCode(0, varve("put", "-k", "big", "--preset", "edge", "a", "1"));
    assertCode(2, varve("put", "-k", "other", "--preset", "egde", "a", "1"));
    assertCode(2, varve("put", "-k", "o", "--preset", "edge", "--engine", "hash", "a", "1"));
    String text = varve("stats").text();
    for (String part :
        List.of(
            "keyspace big",
            "level  files",
            "of 1.00 MiB, and 0 sealed",
            "read amplification",
            "write amplification",
            "space amplification",
            "0 = 0 succeeded",
            "block cache")) {
      assertTrue(text.contains(part), () -> part + " in " + text);
    }
    String json = varve("stats", "--json").text();
    assertTrue(json.contains("\"keyspace\":\"big\",\"level0Files\":0"), json);
    assertTrue(json.contains("\"compactionsSubmitted\":0"), json);
    assertTrue(json.contains("\"cacheHits\":"), json);
  }

  @Test
  void help_and_version_are_results() {
    Ran help = Ran.varve("help");
    assertCode(0, help);
    for (String command :
        List.of(
            "put",
            "get",
            "delete",
            "scan",
            "count",
            "load",
            "dump",
            "export",
            "import",
            "keyspaces",
            "stats",
            "verify",
            "inspect",
            "salvage",
            "shell",
            "bench",
            "quickstart")) {
      assertTrue(help.text().contains("\n  " + command + " "), command);
      Ran own = Ran.varve(command, "--help");
      assertCode(0, own);
      assertTrue(own.lines().stream().allMatch(line -> line.length() <= 80), own.text());
    }
    assertFalse(help.text().contains("quickstart-writer"));
    assertEquals(help.text(), Ran.varve("--help").text());
    assertTrue(Ran.varve("--version").text().startsWith("varve "));
  }

  @Test
  void the_shell_runs_lines_on_one_open_store() {
    Ran ran =
        Ran.withInput(
            """
            put -k "two words" a 'x y'
            use "two words"
            # a remark
            get a
            count
            get -k nothing a
            bench
            put b "a \\" quote"
            scan --keys-only
            exit
            never
            """,
            "-d",
            store,
            "shell");
    assertEquals(List.of("x y", "1", "a", "b"), ran.lines());
    assertEquals(2, ran.code());
    assertTrue(ran.err().contains("there is no keyspace 'nothing'"), ran.err());
    assertTrue(ran.err().contains("'bench' does not work at this prompt"), ran.err());
    assertFalse(ran.err().contains("never"), ran.err());
  }

  @Test
  void the_shell_completes_commands_options_keyspaces_engines_and_levels() {
    put("a", "1");
    try (Store opened = Varve.open(Path.of(store))) {
      var console =
          new dev.varve.cli.console.Console(
              new dev.varve.cli.console.Streams(
                  java.io.InputStream.nullInputStream(),
                  java.io.OutputStream.nullOutputStream(),
                  java.io.OutputStream.nullOutputStream(),
                  false,
                  false,
                  false,
                  80,
                  java.util.Map.of()),
              new dev.varve.cli.console.Interruption());
      ShellCompleter completer =
          new ShellCompleter(new Shell(console, new SharedAccess(opened)), console);
      assertTrue(completer.words(List.of("sc"), 0).contains("scan"));
      assertFalse(completer.words(List.of(""), 0).contains("bench"));
      assertEquals(List.of("k"), completer.words(List.of("scan", "-k", ""), 2));
      assertTrue(completer.words(List.of("scan", "--"), 1).contains("--prefix"));
      assertEquals(
          List.of("array", "rbtree", "hash", "btree", "lsm"),
          completer.words(List.of("put", "--engine", ""), 2));
    }
  }

  @Test
  void bench_measures_every_workload() {
    Ran ran = Ran.varve("--json", "bench", "--entries", "500", "--threads", "2");
    assertCode(0, ran);
    assertEquals(13, ran.lines().size(), ran.toString());
    assertTrue(ran.lines().get(2).contains("\"durability\":\"group\""), ran.text());
    Ran table =
        Ran.varve("bench", "get", "seek", "disk", "reopen", "--entries", "300", "--engine", "hash");
    assertCode(0, table);
    // The head, and all but the seek: the engine keeps no order.
    assertEquals(4, table.lines().size(), table.toString());
    assertTrue(table.lines().stream().allMatch(line -> line.length() <= 80), table.text());
    Ran unknown = Ran.varve("bench", "gett");
    assertCode(2, unknown);
    assertTrue(unknown.err().contains("did you mean 'get'?"), unknown.err());
  }

  @Test
  void output_that_cannot_be_written_is_an_error_unless_the_reader_left() {
    put("a", "1");
    assertEquals(3, withBrokenOutput("No space left on device"));
    assertEquals(0, withBrokenOutput("Broken pipe"));
  }

  private int withBrokenOutput(String message) {
    java.io.OutputStream broken =
        new java.io.OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException(message);
          }
        };
    var streams =
        new dev.varve.cli.console.Streams(
            java.io.InputStream.nullInputStream(),
            broken,
            java.io.OutputStream.nullOutputStream(),
            false,
            false,
            false,
            80,
            java.util.Map.of());
    return Main.run(
        List.of("-d", store, "scan", "-k", "k"), streams, new dev.varve.cli.console.Interruption());
  }

  @Test
  void a_stack_trace_is_shown_only_when_asked() {
    assertFalse(varve("scan", "-k", "k").err().contains("\tat "));
    assertTrue(varve("--verbose", "scan", "-k", "k").err().contains("\tat "));
    Ran debug =
        Ran.with(
            new byte[0],
            java.util.Map.of("VARVE_DEBUG", "1"),
            false,
            "-d",
            store,
            "scan",
            "-k",
            "k");
    assertTrue(debug.err().contains("\tat "), debug.err());
    assertEquals("", new String(debug.out(), StandardCharsets.UTF_8));
  }
}
