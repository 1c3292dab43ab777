package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Commands on stores with keyspaces of each engine, and on the files of the LSM engine.
final class SortedFilesTest {
  private static final int ENTRIES = 500;

  @TempDir Path temporary;
  private Path store = Path.of("");

  @BeforeEach
  void makeStore() {
    store = temporary.resolve("store");
    try (Store opened = Varve.open(store)) {
      for (EngineKind kind : EngineKind.values()) {
        Keyspace keyspace = opened.keyspace(name(kind), KeyspaceOptions.of(kind));
        for (int i = 0; i < ENTRIES; i++) {
          keyspace.put(bytes(String.format(Locale.ROOT, "%05d", i)), bytes("value " + i * 31L));
        }
      }
      opened.flush();
    }
  }

  private static String name(EngineKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Ran varve(String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "-d";
    all[1] = store.toString();
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Ran.varve(all);
  }

  private Path file(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      return files
          .filter(file -> file.toString().endsWith(suffix))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no *" + suffix));
    }
  }

  @Test
  void every_command_takes_a_keyspace_of_every_engine() {
    for (EngineKind kind : EngineKind.values()) {
      String k = name(kind);
      assertEquals("value 217\n", varve("get", "-k", k, "00007").text(), k);
      assertEquals(ENTRIES + "\n", varve("count", "-k", k).text(), k);
      assertEquals(ENTRIES, varve("dump", "-k", k).lines().size(), k);
      assertEquals(0, varve("put", "-k", k, "new", "1").code(), k);
      assertEquals(0, varve("delete", "-k", k, "new").code(), k);
      assertEquals(1, varve("get", "-k", k, "new").code(), k);
      if (kind.isOrdered()) {
        assertEquals(
            List.of("00499", "00498"),
            varve("scan", "-k", k, "--reverse", "--limit", "2", "--keys-only").lines(),
            k);
      }
    }
    assertEquals(EngineKind.values().length + 1, varve("keyspaces").lines().size());
    assertEquals(0, varve("stats").code());
    Ran verified = varve("verify", "--deep");
    assertEquals(0, verified.code(), verified.toString());
    Ran salvaged = varve("salvage", temporary.resolve("saved").toString());
    assertEquals(0, salvaged.code(), salvaged.toString());
    int kinds = EngineKind.values().length;
    String all = String.format(Locale.ROOT, "%,d entries in %d keyspaces", kinds * ENTRIES, kinds);
    assertTrue(salvaged.text().contains(all), salvaged.text());
  }

  @Test
  void an_sstable_and_a_manifest_are_described() throws IOException {
    Ran sstable = varve("inspect", file(".sst").getFileName().toString());
    assertEquals(0, sstable.code(), sstable.toString());
    for (String part :
        List.of("sstable", "entries", "codec lz4 (1)", "index top", "footer", "data block")) {
      assertTrue(sstable.text().contains(part), part + " in " + sstable.text());
    }
    assertFalse(sstable.text().contains("00007"), sstable.text());
    Ran manifest = varve("inspect", file(".manifest").getFileName().toString());
    assertEquals(0, manifest.code(), manifest.toString());
    assertTrue(manifest.text().contains("edit 0"), manifest.text());
    assertTrue(manifest.text().contains("+L0"), manifest.text());
    assertTrue(manifest.text().contains("flushed through"), manifest.text());
    for (String suffix : List.of(".sst", ".manifest")) {
      for (String line : varve("--json", "inspect", file(suffix).toString()).lines()) {
        Json.check(line);
      }
    }
  }

  @Test
  void a_heap_and_its_map_are_described() throws IOException {
    for (String suffix : List.of(".heap", ".map")) {
      Ran described = varve("inspect", file(suffix).getFileName().toString());
      assertEquals(0, described.code(), described.toString());
      assertTrue(described.text().contains("keyspace"), described.text());
      assertFalse(described.text().contains("00007"), described.text());
      for (String line : varve("--json", "inspect", file(suffix).toString()).lines()) {
        Json.check(line);
      }
    }
  }

  @Test
  void damage_is_told_with_its_place_and_salvage_leaves_it_behind() throws IOException {
    for (String suffix : List.of(".sst", ".manifest")) {
      Path file = file(suffix);
      byte[] sound = Files.readAllBytes(file);
      byte[] damaged = sound.clone();
      damaged[100] ^= 1;
      Files.write(file, damaged);
      Ran inspected = Ran.varve("inspect", file.toString());
      assertEquals(3, inspected.code(), inspected.toString());
      assertTrue(inspected.text().contains("problem: "), inspected.text());
      assertTrue(inspected.text().contains("at byte "), inspected.text());
      Path saved = temporary.resolve("saved" + suffix);
      Ran salvaged = varve("salvage", saved.toString());
      assertEquals(1, salvaged.code(), salvaged.toString());
      assertTrue(salvaged.text().contains(file.getFileName().toString()), salvaged.text());
      assertEquals("500\n", Ran.varve("-d", saved.toString(), "count", "-k", "rbtree").text());
      Files.write(file, sound);
    }
    Path file = file(".sst");
    byte[] damaged = Files.readAllBytes(file);
    damaged[100] ^= 1;
    Files.write(file, damaged);
    Ran verified = varve("verify");
    assertEquals(3, verified.code(), verified.toString());
    assertTrue(verified.text().contains(file.getFileName().toString()), verified.text());
  }

  @Test
  void files_beside_the_stores_are_noticed_and_are_no_damage() throws IOException {
    Files.writeString(store.resolve("notes.txt"), "mine");
    Path sstable = file(".sst");
    String orphan = sstable.getFileName().toString().replaceAll("-\\d+\\.sst", "-900000.sst");
    Files.copy(sstable, store.resolve(orphan));
    Files.copy(sstable, store.resolve("ks-77-1.sst"));
    Ran verified = varve("verify");
    assertEquals(0, verified.code(), verified.toString());
    for (String name : List.of("notes.txt", orphan, "ks-77-1.sst")) {
      assertTrue(verified.text().contains("notice: " + name), verified.text());
    }
    Ran json = varve("--json", "verify");
    Json.check(json.lines().getFirst());
    assertTrue(json.text().contains("\"notices\":["), json.text());
    assertEquals("500\n", varve("count", "-k", "lsm").text());
    try (Store opened = Varve.open(store)) {
      assertEquals(3, opened.recovery().notices().size(), opened.recovery().toString());
    }
  }
}
