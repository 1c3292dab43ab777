package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.Store;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What users see of input that cannot be served.
final class BadInputTest {
  @TempDir Path temporary;
  private Path store = Path.of("");

  @BeforeEach
  void makeAStore() {
    store = temporary.resolve("store");
    assertEquals(0, varve("put", "-k", "users", "ada", "1").code());
  }

  private Ran varve(String... arguments) {
    return at(store, arguments);
  }

  private static Ran at(Path directory, String... arguments) {
    List<String> all = new ArrayList<>(List.of("-d", directory.toString()));
    all.addAll(List.of(arguments));
    return Ran.varve(all.toArray(String[]::new));
  }

  /** One sentence for people, on standard error alone, with advice. */
  private static void assertSays(int code, String advice, Ran ran) {
    assertEquals(code, ran.code(), ran.toString());
    assertTrue(ran.err().contains(advice), ran.toString());
    assertTrue(ran.err().startsWith("varve: "), ran.toString());
    assertEquals(1, ran.err().lines().count(), ran.toString());
    assertEquals("", ran.text(), ran.toString());
  }

  @Test
  void an_unknown_name_is_answered_with_the_nearest_one() {
    assertSays(2, "there is no command 'sacn'; did you mean 'scan'?", varve("sacn"));
    assertSays(
        2,
        "there is no option '--prefx'; did you mean '--prefix'?",
        varve("scan", "-k", "users", "--prefx", "a"));
    assertSays(
        2,
        "there is no engine 'hsah'; did you mean 'hash'?",
        varve("put", "-k", "n", "--engine", "hsah", "a", "b"));
    assertSays(
        2,
        "there is no durability 'synk'; did you mean 'sync'?",
        varve("put", "-k", "n", "--durability", "synk", "a", "b"));
    assertSays(
        1, "there is no keyspace 'usres'; did you mean 'users'?", varve("scan", "-k", "usres"));
    assertSays(2, "missing option: '--keyspace", varve("get", "a"));
    assertSays(2, "one argument too many", varve("get", "-k", "users", "a", "b"));
  }

  @Test
  void nothing_is_made_by_a_command_that_reads_or_was_refused() {
    Path missing = temporary.resolve("missing");
    for (List<String> command :
        List.of(
            List.of("get", "-k", "k", "a"),
            List.of("delete", "-k", "k", "a"),
            List.of("scan", "-k", "k"),
            List.of("count", "-k", "k"),
            List.of("dump", "-k", "k"),
            List.of("keyspaces"),
            List.of("stats"),
            List.of("verify"),
            List.of("salvage", temporary.resolve("to").toString()))) {
      assertSays(3, "there is no store in", at(missing, command.toArray(String[]::new)));
      assertFalse(Files.exists(missing), command.toString());
    }
    assertFalse(Files.exists(temporary.resolve("to")));
    assertSays(2, "engine", at(missing, "put", "-k", "k", "--engine", "x", "a", "b"));
    assertSays(2, "bytes", at(missing, "put", "-k", "k", "", "b"));
    assertFalse(Files.exists(missing));
    varve("get", "-k", "other", "a");
    varve("put", "-k", "other", "--engine", "x", "a", "b");
    varve("delete", "-k", "other", "a");
    assertEquals(List.of("users"), keyspaces());
  }

  private List<String> keyspaces() {
    return varve("keyspaces").lines().stream()
        .skip(1)
        .map(line -> line.substring(0, line.indexOf(' ')))
        .toList();
  }

  @Test
  void a_key_over_the_limit_is_refused() {
    assertSays(2, "65537", varve("put", "-k", "users", "x".repeat(65_537), "1"));
    assertSays(2, "65537", varve("get", "-k", "users", "x".repeat(65_537)));
    assertEquals(0, varve("put", "-k", "users", "x".repeat(65_536), "1").code());
  }

  @Test
  void a_directory_that_is_no_store_is_left_alone() throws IOException {
    Path other = Files.createDirectory(temporary.resolve("other"));
    Path file = Files.writeString(other.resolve("letter.txt"), "dear");
    assertSays(3, "is not a store", at(other, "scan", "-k", "k"));
    assertSays(3, "is not a store", at(other, "put", "-k", "k", "a", "b"));
    assertSays(3, "is a file; a store is a directory", at(file, "scan", "-k", "k"));
    try (Stream<Path> left = Files.list(other)) {
      assertEquals(List.of(file), left.toList());
    }
  }

  @Test
  void a_read_only_place_is_named() {
    Path nowhere = Path.of("/proc/varve-store");
    if (Files.isDirectory(nowhere.getParent())) {
      assertSays(3, "cannot be opened", at(nowhere, "put", "-k", "k", "a", "b"));
    }
  }

  @Test
  void no_store_is_asked_for() {
    assertSays(2, "Give its directory with -d DIR", Ran.varve("scan", "-k", "k"));
  }

  @Test
  void a_store_that_this_process_has_open_is_locked() {
    try (Store open = Varve.open(store)) {
      assertSays(4, "is open already", varve("get", "-k", "users", "ada"));
      assertEquals(1, open.keyspaces().size());
    }
    assertEquals(0, varve("get", "-k", "users", "ada").code());
  }

  @Test
  void a_store_that_another_process_has_open_is_locked_and_the_process_named() throws Exception {
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.varve.cli.Main",
                "-d",
                store.toString(),
                "shell")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader said =
        new BufferedReader(
            new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8))) {
      holder.getOutputStream().write("get -k nothing a\n".getBytes(StandardCharsets.US_ASCII));
      holder.getOutputStream().flush();
      assertTrue(String.valueOf(said.readLine()).contains("nothing"));
      assertSays(4, "by process " + holder.pid(), varve("get", "-k", "users", "ada"));
      holder.getOutputStream().write("exit\n".getBytes(StandardCharsets.US_ASCII));
      holder.getOutputStream().flush();
      assertEquals(0, holder.waitFor() & ~1);
    } finally {
      holder.destroyForcibly();
    }
    assertEquals(0, varve("get", "-k", "users", "ada").code());
  }

  @Test
  void a_flipped_truncated_or_missing_catalog_is_damage_that_salvage_helps_with()
      throws IOException {
    Path catalog = store.resolve("CATALOG");
    byte[] sound = Files.readAllBytes(catalog);
    byte[] flipped = sound.clone();
    flipped[flipped.length / 2] ^= 1;
    Files.write(catalog, flipped);
    Ran damaged = varve("get", "-k", "users", "ada");
    assertSays(3, "is damaged at byte", damaged);
    assertTrue(damaged.err().contains("salvage"), damaged.err());
    Files.write(catalog, java.util.Arrays.copyOf(sound, 10));
    assertSays(3, "is damaged", varve("get", "-k", "users", "ada"));
    Files.delete(catalog);
    assertSays(3, "is damaged", varve("get", "-k", "users", "ada"));
    Path saved = temporary.resolve("saved");
    Ran salvage = varve("salvage", saved.toString());
    assertTrue(salvage.code() == 0 || salvage.code() == 1, salvage.toString());
    assertSays(2, "not empty", varve("salvage", saved.toString()));
  }

  @Test
  void a_newer_format_is_told_from_damage() throws IOException {
    Path catalog = store.resolve("CATALOG");
    byte[] bytes = Files.readAllBytes(catalog);
    // The envelope: its version at 10, its checksum at 60.
    bytes[10] = 99;
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, 60);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(60, (int) crc.getValue());
    Files.write(catalog, bytes);
    Ran ran = varve("get", "-k", "users", "ada");
    assertSays(3, "newer", ran);
    assertEquals(ran.err(), varve("put", "-k", "users", "a", "b").err());
  }

  @Test
  void a_damaged_segment_is_found_by_verify_and_by_inspect() throws IOException {
    Path segment;
    try (Stream<Path> files = Files.list(store)) {
      segment =
          files
              .filter(file -> Ran.varve("inspect", file.toString()).text().contains("segment"))
              .max(java.util.Comparator.comparingLong(file -> file.toFile().length()))
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(segment);
    bytes[10] ^= 1;
    Files.write(segment, bytes);
    assertEquals(3, Ran.varve("inspect", segment.toString()).code());
    assertEquals(3, varve("verify").code());
  }

  @Test
  void a_file_to_load_or_inspect_that_is_not_there_is_named() {
    assertSays(2, "there is no file", varve("load", "/no/such.csv", "-k", "k"));
    assertSays(2, "does not tell the format", varve("load", store + ".what", "-k", "k"));
    assertSays(2, "did you mean 'csv'", varve("load", "x", "--format", "cvs", "-k", "k"));
    assertEquals(List.of("users"), keyspaces());
    assertEquals(3, varve("inspect", "nothing").code());
  }
}
