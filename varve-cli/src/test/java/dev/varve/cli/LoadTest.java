package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.cli.load.LoadFormat;
import dev.varve.cli.load.LoadJob;
import dev.varve.cli.load.LoadReport;
import dev.varve.cli.load.LoadSource;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LoadTest {
  @TempDir Path temporary;
  private Path store = Path.of("");

  @BeforeEach
  void nameTheStore() {
    store = temporary.resolve("store");
  }

  private Ran load(Path file, String... more) {
    List<String> all =
        new ArrayList<>(List.of("-d", store.toString(), "load", file.toString(), "-k", "k"));
    all.addAll(List.of(more));
    return Ran.varve(all.toArray(String[]::new));
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(temporary.resolve(name), content);
  }

  private List<String> entries() {
    return Ran.varve("-d", store.toString(), "scan", "-k", "k").lines();
  }

  @Test
  void csv_rows_become_objects_under_the_first_column() throws IOException {
    Path rows =
        file(
            "rows.csv",
            "\uFEFFid,name,note\r\n1,\"a, \"\"b\"\"\",\r\n\r\n2,\"two\nlines\",x\r\n3,ü,\"\"");
    Ran ran = load(rows);
    assertEquals(0, ran.code(), ran.toString());
    assertEquals(
        List.of(
            "1\t{\"id\":\"1\",\"name\":\"a, \\\"b\\\"\",\"note\":\"\"}",
            "2\t{\"id\":\"2\",\"name\":\"two\\nlines\",\"note\":\"x\"}",
            "3\t{\"id\":\"3\",\"name\":\"ü\",\"note\":\"\"}"),
        entries());
  }

  @Test
  void the_key_is_any_column_or_several() throws IOException {
    Path rows = file("rows.csv", "id,name\n1,a\n2,b\n");
    assertEquals(0, load(rows, "--key", "name").code());
    assertEquals(List.of("a", "b"), entries().stream().map(line -> line.substring(0, 1)).toList());
    assertEquals(0, load(rows, "--key", "name,id").code());
    assertEquals("a/1", entries().get(1).substring(0, 3));
    Ran unknown = load(rows, "--key", "nmae");
    assertEquals(2, unknown.code());
    assertTrue(unknown.err().contains("did you mean 'name'?"), unknown.err());
  }

  @Test
  void malformed_rows_are_rejected_by_line_and_the_rows_around_them_are_loaded()
      throws IOException {
    Path rows =
        file(
            "rows.csv",
            "id,name\n" // 1
                + "1,a\n" // 2
                + "2\n" // 3: columns
                + "3,\"never closed\n" // 4
                + "4,b,c\n" // 5: columns
                + ",d\n" // 6: empty key
                + "5,e\"e\n" // 7: quote inside
                + "6,\"f\"g\n" // 8: text after the quote
                + "x".repeat(65_537)
                + ",h\n" // 9: key too long
                + "7,i\n" // 10
                + "1,again\n"); // 11
    Ran ran = load(rows);
    assertEquals(1, ran.code(), ran.toString());
    assertEquals(
        List.of(3, 4, 5, 6, 7, 8, 9),
        ran.err()
            .lines()
            .filter(line -> line.startsWith("line "))
            .map(line -> Integer.parseInt(line.split(" ", -1)[1]))
            .toList(),
        ran.err());
    assertTrue(
        ran.text()
            .startsWith("loaded 3 rows into k (1 replaced an earlier value), rejected 7, in "),
        ran.text());
    assertEquals(
        List.of("1\t{\"id\":\"1\",\"name\":\"again\"}", "7\t{\"id\":\"7\",\"name\":\"i\"}"),
        entries());
  }

  @Test
  void only_the_first_twenty_rejected_rows_are_shown_but_all_are_counted() throws IOException {
    Path rows = file("rows.csv", "id,name\n" + "bad\n".repeat(50) + "1,a\n");
    Ran ran = load(rows);
    assertEquals(20, ran.err().lines().filter(line -> line.startsWith("line ")).count());
    assertTrue(ran.text().contains("rejected 50"), ran.text());
  }

  @Test
  void strict_stops_at_the_first_malformed_row() throws IOException {
    Path rows = file("rows.csv", "id,name\n1,a\nbad\n2,b\n");
    Ran ran = load(rows, "--strict");
    assertEquals(1, ran.code());
    assertEquals(1, entries().size());
    assertTrue(ran.text().contains("stopped at the first malformed row"), ran.text());
    assertEquals(0, load(file("rows.csv", "id,name\n1,a\n3,c\n2,b\n"), "--strict").code());
    assertEquals(3, entries().size());
  }

  @Test
  void a_file_without_a_usable_header_is_refused_and_makes_nothing() throws IOException {
    for (String header : List.of("", "id,id\n1,2\n", "id,\n1,2\n", "\"id\n")) {
      Ran ran = load(file("rows.csv", header));
      assertEquals(2, ran.code(), ran.toString());
      assertTrue(ran.err().contains("first line must name the columns"), ran.err());
    }
    assertFalse(Files.exists(store));
  }

  @Test
  void tsv_has_no_quotes_and_jsonl_keeps_its_lines() throws IOException {
    assertEquals(0, load(file("rows.tsv", "id\tname\n1\t5\" pipe\n")).code());
    assertEquals(List.of("1\t{\"id\":\"1\",\"name\":\"5\\\" pipe\"}"), entries());
    Path json =
        file(
            "rows.jsonl",
            """
            {"id": 2, "n": {"x": [1]}}

            {"id":"3"}
            {"no":1}
            [1]
            {"id":4
            {"id":5} x
            {"id":null}
            {"id":6,"id":7}
            """);
    Ran ran = load(json);
    assertEquals(1, ran.code(), ran.toString());
    assertTrue(ran.text().startsWith("loaded 2 rows into k, rejected 6,"), ran.toString());
    assertEquals(
        List.of("2\t{\"id\": 2, \"n\": {\"x\": [1]}}", "3\t{\"id\":\"3\"}"),
        entries().subList(1, 3));
  }

  @Test
  void packed_files_are_unpacked_and_standard_input_is_read() throws IOException {
    Path packed = temporary.resolve("rows.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write("id\n1\n2\n".getBytes(StandardCharsets.US_ASCII));
    }
    assertEquals(0, load(packed).code());
    assertEquals(2, entries().size());
    Ran piped =
        Ran.withInput("a\tb\n", "-d", store.toString(), "load", "-", "--format", "kv", "-k", "k");
    assertEquals(0, piped.code(), piped.toString());
    assertEquals("a\tb", entries().get(2));
    assertEquals(2, Ran.withInput("", "-d", store.toString(), "load", "-", "-k", "k").code());
  }

  @Test
  void a_dump_of_any_bytes_loads_back_equal() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String repeat = "LoadTest.a_dump_of_any_bytes_loads_back_equal, seed " + seed;
    try (Store opened = Varve.open(store)) {
      Keyspace keyspace = opened.keyspace("k");
      for (int i = 0; i < 500; i++) {
        byte[] key = new byte[1 + random.nextInt(20)];
        byte[] value = new byte[random.nextInt(60)];
        random.nextBytes(key);
        random.nextBytes(value);
        keyspace.put(key, value, Durability.NONE);
      }
      for (int b = 0; b < 256; b++) {
        keyspace.put(new byte[] {(byte) b}, new byte[] {(byte) b, (byte) b}, Durability.NONE);
      }
    }
    Ran dump = Ran.varve("-d", store.toString(), "dump", "-k", "k");
    Path copy = temporary.resolve("copy");
    Path file = temporary.resolve("k.kv");
    Files.write(file, dump.out());
    Ran loaded = Ran.varve("-d", copy.toString(), "load", file.toString(), "-k", "k");
    assertEquals(0, loaded.code(), repeat + loaded);
    try (Store from = Varve.open(store);
        Store to = Varve.open(copy);
        Cursor a = from.keyspace("k").cursor();
        Cursor b = to.keyspace("k").cursor()) {
      boolean valid = a.seekToFirst();
      assertEquals(valid, b.seekToFirst());
      while (valid) {
        assertArrayEquals(a.key(), b.key(), repeat);
        assertArrayEquals(a.value(), b.value(), repeat);
        valid = a.next();
        assertEquals(valid, b.next(), repeat);
      }
    }
    for (String bad : List.of("no tab", "a\t\\q", "a\t\\x0", "\tvalue", "a\\\tb")) {
      Ran ran = load(file("bad.kv", bad + "\n"));
      assertEquals(1, ran.code(), bad + ran);
    }
    assertEquals(2, load(file, "--key", "id").code());
  }

  private static String rows(int count) {
    return "id,name\n"
        + IntStream.range(0, count)
            .mapToObj(i -> i % 10 == 3 ? "malformed" : i + ",name " + i)
            .collect(Collectors.joining("\n"));
  }

  @Test
  void a_load_that_was_stopped_goes_on_and_loads_no_row_twice() throws IOException {
    Path file = file("rows.csv", rows(10_000));
    AtomicLong steps = new AtomicLong();
    try (Store opened = Varve.open(store);
        LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
      LoadJob job =
          new LoadJob(
              opened,
              opened.keyspace("k"),
              new LoadJob.Settings(100, false, Durability.NONE),
              new LoadJob.Listener(_ -> steps.incrementAndGet() < 5, (_, _) -> {}, _ -> {}));
      assertThrows(CancellationException.class, () -> job.run(source));
      assertEquals(
          List.of("k", "varve.load"),
          opened.keyspaces().stream().map(Keyspace::name).sorted().toList());
    }
    Ran other = load(file, "--key", "name", "--json");
    assertTrue(other.err().contains("loading anew"), other.toString());
    Ran again = load(file, "--json");
    assertTrue(again.text().contains("\"resumedAfter\":0"), again.toString());
  }

  @Test
  void a_large_file_into_an_empty_lsm_keyspace_is_loaded_at_once_or_not_at_all()
      throws IOException {
    Path file = file("rows.csv", rows(10_000) + "\n5,again\n");
    AtomicLong steps = new AtomicLong();
    try (Store opened = Varve.open(store)) {
      Keyspace keyspace = opened.keyspace("k", KeyspaceOptions.of(EngineKind.LSM));
      LoadJob.Settings settings = new LoadJob.Settings(100, false, Durability.NONE, 1000);
      try (LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
        LoadJob stopped =
            new LoadJob(
                opened,
                keyspace,
                settings,
                new LoadJob.Listener(_ -> steps.incrementAndGet() < 5, (_, _) -> {}, _ -> {}));
        assertTrue(stopped.isBulk(source));
        assertThrows(CancellationException.class, () -> stopped.run(source));
      }
      assertEquals(0, keyspace.count());
      assertTrue(opened.findKeyspace(LoadJob.POSITIONS).isEmpty());
      LoadJob job =
          new LoadJob(
              opened, keyspace, settings, new LoadJob.Listener(_ -> true, (_, _) -> {}, _ -> {}));
      long commits = opened.stats().visibleThrough();
      try (LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
        LoadReport report = job.run(source);
        assertEquals(9001, report.loaded());
        assertEquals(1, report.replaced());
        assertEquals(1000, report.rejected());
      }
      assertEquals(commits + 1, opened.stats().visibleThrough());
      assertEquals(9000, keyspace.count());
      try (LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
        assertFalse(job.isBulk(source), "the keyspace is not empty any more");
      }
    }
  }

  @Test
  void the_second_run_says_where_it_goes_on() throws IOException {
    Path file = file("rows.csv", rows(10_000));
    LoadReport second;
    AtomicLong resumed = new AtomicLong(-1);
    AtomicLong steps = new AtomicLong();
    try (Store opened = Varve.open(store)) {
      Keyspace keyspace = opened.keyspace("k");
      LoadJob.Settings settings = new LoadJob.Settings(100, false, Durability.NONE);
      try (LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
        LoadJob first =
            new LoadJob(
                opened,
                keyspace,
                settings,
                new LoadJob.Listener(_ -> steps.incrementAndGet() < 5, (_, _) -> {}, _ -> {}));
        assertThrows(CancellationException.class, () -> first.run(source));
      }
      assertTrue(keyspace.count() > 1000 && keyspace.count() < 9000);
      try (LoadSource source = LoadSource.of(file, LoadFormat.CSV, null)) {
        second =
            new LoadJob(
                    opened,
                    keyspace,
                    settings,
                    new LoadJob.Listener(
                        _ -> true, (rows, same) -> resumed.set(same ? rows : -2), _ -> {}))
                .run(source);
      }
      assertEquals(9000, keyspace.count());
      assertTrue(opened.findKeyspace(LoadJob.POSITIONS).isEmpty());
    }
    assertEquals(5 * 1024 - 1, resumed.get());
    assertEquals(resumed.get(), second.resumedAfter());
    assertEquals(9000, second.loaded());
    assertEquals(1000, second.rejected());
    assertEquals(0, second.replaced());
    Ran anew = load(file, "--json");
    assertTrue(anew.text().contains("\"replaced\":9000"), anew.toString());
  }

  @Test
  void a_load_that_was_killed_goes_on_and_loads_no_row_twice() throws Exception {
    Path file = file("rows.csv", rows(60_000));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.varve.cli.Main",
                "-q",
                "-d",
                store.toString(),
                "load",
                file.toString(),
                "-k",
                "k",
                "--batch",
                "50")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      while (child.isAlive() && !Files.exists(store.resolve("CATALOG"))) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      child.waitFor(300, TimeUnit.MILLISECONDS);
    } finally {
      child.destroyForcibly();
    }
    // Killed, it was amid its rows or before them; unkilled, it ended with rejected rows.
    boolean finished = child.waitFor() == ExitCode.DIFFERS;
    Ran second = load(file, "--json");
    assertEquals(1, second.code(), second.toString());
    assertTrue(second.text().contains("\"loaded\":54000,"), second.toString());
    assertTrue(second.text().contains("\"rejected\":6000,"), second.toString());
    assertTrue(
        second.text().contains("\"replaced\":" + (finished ? 54_000 : 0) + ","), second.toString());
    assertEquals("54000\n", Ran.varve("-d", store.toString(), "count", "-k", "k").text());
  }

  @Test
  void the_keyspace_of_positions_is_not_to_be_loaded_into() throws IOException {
    Path rows = file("rows.csv", "id\n1\n");
    Ran ran = Ran.varve("-d", store.toString(), "load", rows.toString(), "-k", LoadJob.POSITIONS);
    assertEquals(2, ran.code(), ran.toString());
  }
}
