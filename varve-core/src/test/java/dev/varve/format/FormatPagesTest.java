package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FileInspection;
import dev.varve.kv.IngestedFile;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.log.LogEnvironment;
import dev.varve.log.LogRecovery;
import dev.varve.log.LogRecovery.ReplayFrom;
import dev.varve.log.RecordKind;
import dev.varve.store.FileInspector;
import dev.varve.store.StoreEnvironment;
import dev.varve.store.StoreFixture;
import dev.varve.store.StoreOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// The pages of `docs/format` say what the code does: each worked example is what the code writes,
/// byte for byte, is sliced as the page's tables say, and is read by the code as the values that
/// the page names.
///
/// `-Dvarve.rewrite=true` writes the examples anew.
final class FormatPagesTest {
  static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);
  private static final long MADE_MILLIS = 1_767_225_600_000L;
  private static final Path DIRECTORY = StoreFixture.DIRECTORY;
  private static final String SEGMENT = StoreFileName.segment(0, 1);
  private static final String SNAPSHOT = StoreFileName.snapshot(1, 2);

  private static final StoreOptions OPTIONS =
      StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(256));

  private static final String[] ENVELOPE = {
    "magic",
    "kind",
    "format version",
    "features",
    "store",
    "scope",
    "number",
    "made",
    "0",
    "checksum"
  };

  private static final String[] RECORD = {
    "checksum", "payload length", "kind", "lane", "0", "segment", "sequence", "durableThrough"
  };

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Compares an example with what the code writes, or puts that in its place. */
  private static void requireWritten(String page, byte[] written, Consumer<HexExample> walk) {
    requireWritten(page, page, written, walk);
  }

  static void requireWritten(String page, String name, byte[] written, Consumer<HexExample> walk) {
    FormatPage read = FormatPage.read(page);
    HexExample example = new HexExample(written);
    walk.accept(example);
    if (Boolean.getBoolean("varve.rewrite")) {
      read.rewrite(name, example.written());
      read = FormatPage.read(page);
    }
    assertArrayEquals(
        written, read.bytes(name), "the example of " + page + ".md is not what the code writes");
    assertEquals(example.written(), read.example(name), page + ".md");
  }

  /** Takes an envelope, checks what it says, and answers its checksum. */
  static int envelope(HexExample example, int kind, long scope, long number, long made) {
    int from = example.at();
    example.section("envelope");
    List<Integer> sizes = FormatPage.read("envelope").sizes(0);
    example.table(sizes.subList(0, sizes.size() - 1), Arrays.copyOf(ENVELOPE, ENVELOPE.length - 1));
    assertEquals(kind, example.value("envelope: kind"));
    assertEquals(1, example.value("envelope: format version"));
    assertEquals(0, example.value("envelope: features"));
    assertEquals(scope, example.value("envelope: scope"));
    assertEquals(number, example.value("envelope: number"));
    assertEquals(made, example.value("envelope: made"));
    assertEquals(4, sizes.getLast());
    return example.checksum("checksum", from, 0);
  }

  @Test
  void the_envelope_is_as_its_page_says() {
    byte[] written = new byte[Envelope.SIZE];
    Envelope envelope = Envelope.of(FileKind.LOG_SEGMENT, STORE, 1, 7, 0);
    envelope.write(written);
    requireWritten("envelope", written, example -> envelope(example, 2, 1, 7, 0));
    assertEquals(
        envelope, Envelope.read(Path.of("page"), FormatPage.read("envelope").bytes("envelope")));
  }

  @Test
  void mutations_are_as_their_page_says() {
    MutationWriter writer = new MutationWriter(16);
    writer.createKeyspace(1, "towns", KeyspaceOptions.of(EngineKind.RBTREE));
    writer.put(1, b("oslo"), b("no"));
    writer.delete(1, b("bern"));
    writer.deleteRange(1, KeyRange.of(b("k"), b("o")));
    writer.deleteRange(1, KeyRange.atLeast(b("z")));
    writer.dropKeyspace(1);
    List<IngestedFile> files =
        List.of(
            new IngestedFile(9, 100, 3, 0x1122_3344_5566_7788L), new IngestedFile(10, 90, 2, 7));
    writer.ingest(1, files);
    requireWritten(
        "mutations",
        Arrays.copyOfRange(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end()),
        example -> {
          createKeyspace(example, "towns", "engine=rbtree\n");
          put(example, "oslo", "no");
          example.section("delete");
          code(example, 2);
          text(example, "key", "bern");
          example.section("delete range");
          code(example, 3);
          assertEquals(3, example.number("flags", 1));
          text(example, "lower end", "k");
          text(example, "upper end", "o");
          code(example, 3);
          assertEquals(1, example.number("flags", 1));
          text(example, "lower end", "z");
          example.section("drop keyspace");
          code(example, 5);
          example.section("ingest");
          code(example, 6);
          assertEquals(2, example.number("files", 1));
          for (IngestedFile file : files) {
            assertEquals(file.number(), example.number("number", 1));
            assertEquals(file.fileBytes(), example.number("file's length", 1));
            assertEquals(file.entries(), example.number("entries", 1));
            assertEquals(file.seed(), example.number("seed", 8));
          }
        });
    byte[] page = FormatPage.read("mutations").bytes("mutations");
    MutationReader reader = new MutationReader().reset(page, 0, page.length);
    List<String> read = new ArrayList<>();
    while (reader.next()) {
      read.add(describe(reader));
    }
    assertNull(reader.problem());
    assertEquals(
        List.of(
            "create 1 towns engine=rbtree",
            "put 1 oslo=no",
            "delete 1 bern",
            "delete 1 " + KeyRange.of(b("k"), b("o")),
            "delete 1 " + KeyRange.atLeast(b("z")),
            "drop 1",
            "ingest 1 " + files),
        read);
  }

  private static String describe(MutationReader reader) {
    int keyspace = reader.keyspace();
    return switch (reader.kind()) {
      case PUT -> "put " + keyspace + " " + text(reader.key()) + "=" + text(reader.value());
      case DELETE -> "delete " + keyspace + " " + text(reader.key());
      case DELETE_RANGE -> "delete " + keyspace + " " + reader.range();
      case CREATE_KEYSPACE ->
          "create " + keyspace + " " + reader.name() + " " + reader.optionsText().strip();
      case DROP_KEYSPACE -> "drop " + keyspace;
      case INGEST -> "ingest " + keyspace + " " + reader.ingestedFiles();
    };
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void code(HexExample example, int code) {
    assertEquals(code, example.number("code", 1));
    assertEquals(1, example.number("keyspace", 1));
  }

  private static void text(HexExample example, String label, String expected) {
    int length = (int) example.number(label + " length", 1);
    assertEquals(expected, example.text(label, length));
  }

  private static void put(HexExample example, String key, String value) {
    example.section("put");
    code(example, 1);
    int keyLength = (int) example.number("key length", 1);
    int valueLength = (int) example.number("value length", 1);
    assertEquals(key, example.text("key", keyLength));
    assertEquals(value, example.text("value", valueLength));
  }

  private static void createKeyspace(HexExample example, String name, String options) {
    example.section("create keyspace");
    code(example, 4);
    text(example, "name", name);
    text(example, "options", options);
  }

  /** The store of the examples: one keyspace, one entry, flushed and closed. */
  private static MemoryFileSystem store() {
    MemoryFileSystem fs = new MemoryFileSystem();
    try (Store store = open(fs)) {
      store.keyspace("towns", KeyspaceOptions.of(EngineKind.RBTREE)).put(b("oslo"), b("no"));
      store.flush();
    }
    return fs;
  }

  private static Store open(MemoryFileSystem fs) {
    Clock clock =
        new Clock() {
          @Override
          public long nanos() {
            return 1;
          }

          @Override
          public long wallMillis() {
            return MADE_MILLIS;
          }
        };
    Deque<Long> identity = new ArrayDeque<>(List.of(STORE.high(), STORE.low()));
    RandomSource random = () -> identity.isEmpty() ? 1 : identity.remove();
    StoreEnvironment environment =
        new StoreEnvironment(
            fs, clock, random, onFailure -> new InlineBackground(), StoreFixture.engines(), false);
    return StoreOpener.open(
        environment, DIRECTORY, OPTIONS.withDurability(Durability.GROUP), ProgressListener.NONE);
  }

  private static byte[] file(String name) {
    try {
      return store().bytes(DIRECTORY.resolve(name));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void the_log_is_as_its_page_says() {
    requireWritten(
        "log",
        file(SEGMENT),
        example -> {
          segmentHeader(example);
          record(example, "begin", 8, 0, 0, 20);
          assertEquals(0, example.number("end of the segment before", 8));
          assertEquals(0, example.number("its last sequence", 8));
          assertEquals(0, example.number("its last checksum", 4));
          example.padding();
          record(example, "commit 1", 1, 1, 0, 23);
          createKeyspace(example, "towns", "engine=rbtree\n");
          example.padding();
          record(example, "commit 2", 1, 2, 1, 10);
          put(example, "oslo", "no");
          example.section("commit 2");
          example.padding();
          record(example, "checkpoint", 4, 2, 2, 8);
          assertEquals(2, example.number("flushed through", 8));
          record(example, "seal", 5, 2, 2, 0);
        });
  }

  private static void segmentHeader(HexExample example) {
    FormatPage page = FormatPage.read("log");
    envelope(example, 2, 0, 1, MADE_MILLIS);
    example.section("segment");
    assertEquals(List.of(64), page.sizes(0).subList(0, 1), "the envelope's row");
    List<Integer> sizes = page.sizes(0).subList(1, page.sizes(0).size() - 1);
    example.table(sizes, "length", "before", "incarnation", "lanes", "0");
    assertEquals(256 << 10, example.value("segment: length"));
    assertEquals(0, example.value("segment: before"));
    assertEquals(1, example.value("segment: incarnation"));
    assertEquals(1, example.value("segment: lanes"));
    example.checksum("checksum", 0, 0);
    assertEquals(128, example.at());
  }

  private static void record(
      HexExample example, String name, int kind, long sequence, long durable, int payload) {
    int from = example.at();
    assertEquals(0, from % 8);
    example.section(name);
    example.table(FormatPage.read("log").sizes(1), RECORD);
    byte[] bytes = file(SEGMENT);
    CRC32C crc = new CRC32C();
    crc.update(bytes, from + 4, 28 + payload);
    assertEquals(
        (int) crc.getValue() ^ salt(),
        ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt(from),
        name + ": checksum");
    assertEquals(payload, example.value(name + ": payload length"));
    assertEquals(kind, example.value(name + ": kind"));
    assertEquals(0, example.value(name + ": lane"));
    assertEquals(1, example.value(name + ": segment"));
    assertEquals(sequence, example.value(name + ": sequence"));
    assertEquals(durable, example.value(name + ": durableThrough"));
  }

  /** The checksum of the store's identity, bytes 1 to 16. */
  private static int salt() {
    CRC32C crc = new CRC32C();
    for (int i = 1; i <= 16; i++) {
      crc.update(i);
    }
    return (int) crc.getValue();
  }

  @Test
  void the_catalog_is_as_its_page_says() {
    requireWritten(
        "catalog",
        file(StoreFileName.CATALOG),
        example -> {
          // Made, then written before the first commit, then by the flush; when it closed there was
          // nothing new to say.
          envelope(example, 1, 0, 3, MADE_MILLIS);
          example.section("catalog");
          assertEquals(2, example.number("catalogThrough", 8));
          assertEquals(2, example.number("durableThrough", 8));
          assertEquals(2, example.number("next keyspace", 4));
          assertEquals(1, example.number("incarnation", 4));
          assertEquals(1, example.number("lanes", 4));
          assertEquals(1, example.number("lane 0 needs segment", 8));
          int length = (int) example.number("options length", 4);
          assertEquals(OPTIONS.toText(), example.text("option", length));
          assertEquals(1, example.number("keyspaces", 4));
          example.section("keyspace");
          assertEquals(1, example.number("number", 4));
          assertEquals(2, example.number("flushedThrough", 8));
          assertEquals(20, example.number("state length", 4));
          byte[] snapshot = file(SNAPSHOT);
          assertEquals(2, example.number("state, commit", 8));
          assertEquals(snapshot.length, example.number("state, file length", 8));
          assertEquals(
              ByteBuffer.wrap(snapshot)
                  .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                  .getInt(snapshot.length - 4),
              example.number("state, file checksum", 4));
          assertEquals("towns", example.text("name", (int) example.number("name length", 4)));
          assertEquals(
              "engine=rbtree\n",
              example.text("options", (int) example.number("options length", 4)));
          example.section("catalog");
          example.checksum("checksum", 0, 0);
        });
  }

  @Test
  void the_snapshot_is_as_its_page_says() {
    requireWritten(
        "snapshot",
        file(SNAPSHOT),
        example -> {
          int salt = envelope(example, 3, 1, 2, MADE_MILLIS);
          example.section("head");
          assertEquals("towns", example.text("name", (int) example.number("name length", 4)));
          assertEquals(
              "engine=rbtree\n",
              example.text("options", (int) example.number("options length", 4)));
          example.checksum("checksum", 64, salt);
          int block = example.at();
          example.section("block");
          assertEquals(10, example.number("length", 4));
          assertEquals(1, example.number("entries", 4));
          assertEquals(0, example.number("index", 4));
          put(example, "oslo", "no");
          example.section("block");
          int checksum = example.checksum("checksum", block, salt);
          int end = example.at();
          example.section("end");
          example.number("0", 4);
          assertEquals(1, example.number("blocks", 4));
          example.number("0", 4);
          assertEquals(1, example.number("entries", 8));
          CRC32C all = new CRC32C();
          for (int shift = 0; shift < 32; shift += 8) {
            all.update(checksum >>> shift);
          }
          int sum = (int) all.getValue();
          assertEquals(sum, (int) example.number("checksum of checksums", 4));
          example.checksum("checksum", end, salt);
          assertEquals(28, example.at() - end);
        });
  }

  /** A directory with the files of the pages' examples. */
  private static MemoryFileSystem storeOfThePages() {
    MemoryFileSystem fs = new MemoryFileSystem();
    Map.of("catalog", StoreFileName.CATALOG, "log", SEGMENT, "snapshot", SNAPSHOT)
        .forEach(
            (page, name) ->
                fs.replaceBytes(DIRECTORY.resolve(name), FormatPage.read(page).bytes(page)));
    return fs;
  }

  @Test
  void the_examples_together_are_a_store_that_opens() {
    try (Store store = open(storeOfThePages())) {
      assertTrue(store.recovery().clean());
      assertFalse(store.recovery().created());
      assertEquals(1, store.recovery().snapshotEntries());
      assertEquals(2, store.recovery().lastSequence());
      assertEquals("no", text(store.keyspace("towns").get(b("oslo"))));
      assertTrue(store.verify().isSound());
    }
  }

  @Test
  void the_example_of_the_log_recovers_without_the_catalog() throws IOException {
    List<String> commits = new ArrayList<>();
    LogEnvironment env =
        new LogEnvironment(
            storeOfThePages(),
            DIRECTORY,
            STORE,
            Clock.SYSTEM,
            new InlineBackground(),
            new FailureLatch());
    LogRecovery.recover(
        env,
        ReplayFrom.BEGIN,
        (kind, sequence, array, offset, length) -> {
          assertEquals(RecordKind.COMMIT, kind);
          MutationReader reader = new MutationReader().reset(array, offset, offset + length);
          assertTrue(reader.next());
          commits.add(sequence + " " + describe(reader));
        },
        ProgressListener.NONE);
    assertEquals(List.of("1 create 1 towns engine=rbtree", "2 put 1 oslo=no"), commits);
  }

  @Test
  void the_examples_are_described_by_inspection() {
    MemoryFileSystem fs = storeOfThePages();
    FileInspection log = FileInspector.inspect(fs, DIRECTORY.resolve(SEGMENT), 100);
    assertEquals(List.of(), log.problems());
    assertEquals(
        List.of("begin", "commit", "commit", "checkpoint", "seal"),
        log.items().stream().map(FileInspection.Item::what).toList());
    assertEquals("sequence 2, durable through 1, put in keyspace 1", log.items().get(2).detail());
    FileInspection catalog = FileInspector.inspect(fs, DIRECTORY.resolve("CATALOG"), 100);
    assertEquals("2", catalog.properties().get("durable through"));
    assertEquals("keyspace 1", catalog.items().getFirst().what());
    FileInspection snapshot = FileInspector.inspect(fs, DIRECTORY.resolve(SNAPSHOT), 100);
    assertEquals(List.of(), snapshot.problems());
    assertEquals("1 'towns'", snapshot.properties().get("keyspace"));
    assertEquals("2", snapshot.properties().get("as of commit"));
    assertEquals("1", snapshot.properties().get("entries"));
  }

  @Test
  void every_page_has_the_examples_that_are_tested() {
    for (String page : List.of("envelope", "mutations", "log", "catalog", "snapshot")) {
      assertEquals(List.of(page), FormatPage.read(page).examples());
    }
    assertEquals(List.of("blob", "reference"), FormatPage.read("blob").examples());
  }
}
