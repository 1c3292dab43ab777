package dev.varve.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Expect;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class OptionsTest {
  @ParameterizedTest
  @EnumSource
  void every_preset_survives_its_text_form(StoreOptions.Preset preset) {
    StoreOptions options = StoreOptions.preset(preset);
    assertEquals(options, StoreOptions.parse(options.toText()));
    assertEquals(preset, StoreOptions.presetOf(preset.name().toLowerCase(java.util.Locale.ROOT)));
  }

  @Test
  void every_option_can_be_set_by_name_and_shows_in_the_text() {
    String[][] examples = {
      {"durability", "sync"},
      {"group-batch-max", "7"},
      {"group-wait", "3ms"},
      {"periodic-interval", "70ms"},
      {"memory", "48MiB"},
      {"segment", "2MiB"},
      {"lanes", "3"},
      {"checkpoint-after", "9MiB"},
      {"default-engine", "hash"},
      {"create-if-missing", "false"},
      {"leak-detection", "false"},
      {"snapshot-age", "5ms"},
      {"snapshot-bytes", "3MiB"},
    };
    assertEquals(StoreOptions.names().size(), examples.length);
    for (String[] example : examples) {
      StoreOptions changed = StoreOptions.defaults().with(example[0], example[1]);
      assertNotEquals(StoreOptions.defaults(), changed, example[0]);
      assertTrue(changed.toText().contains(example[0] + "=" + example[1] + "\n"), changed.toText());
    }
  }

  @Test
  void an_unknown_name_is_an_error_that_names_the_nearest() {
    Expect.failure(
        UsageException.class,
        () -> StoreOptions.parse("durabilty=group"),
        "no option 'durabilty'",
        "did you mean 'durability'?");
    Expect.failure(
        UsageException.class,
        () -> StoreOptions.parse("durability=grop"),
        "no durability 'grop'",
        "did you mean 'group'?");
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=cola"),
        "no engine 'cola'",
        "array, rbtree, hash, btree, lsm");
    Expect.failure(UsageException.class, () -> StoreOptions.presetOf("egde"), "'edge'?");
    Expect.failure(UsageException.class, () -> StoreOptions.parse("memory"), "name=value");
    Expect.failure(
        UsageException.class, () -> StoreOptions.parse("lanes=1\nlanes=2"), "given twice");
    Expect.failure(UsageException.class, () -> KeyspaceOptions.parse(""), "'engine' is missing");
  }

  @Test
  void a_value_out_of_range_is_an_error_that_names_the_range() {
    StoreOptions d = StoreOptions.defaults();
    Expect.failure(UsageException.class, () -> d.withLanes(0), "'lanes' is 1 to 16, not 0");
    Expect.failure(UsageException.class, () -> d.with("lanes", "many"), "whole number");
    Expect.failure(UsageException.class, () -> d.with("memory", "lots"), "64MiB");
    Expect.failure(UsageException.class, () -> d.with("memory", "1KiB"), "1MiB or more");
    Expect.failure(UsageException.class, () -> d.with("segment", "2GiB"), "4KiB to 1GiB");
    Expect.failure(UsageException.class, () -> d.with("group-wait", "2s"), "0 to 1s");
    Expect.failure(UsageException.class, () -> d.with("periodic-interval", "soon"), "50ms");
    Expect.failure(UsageException.class, () -> d.with("leak-detection", "maybe"), "true or false");
    Expect.failure(UsageException.class, () -> d.withGroupBatchMax(0), "1 to 1,000,000, not 0");
    Expect.failure(UsageException.class, () -> d.withPeriodicInterval(Duration.ZERO), "1ms to 1h");
    Expect.failure(
        UsageException.class, () -> d.withCheckpointAfter(ByteSize.ofBytes(1)), "4KiB or more");
  }

  @Test
  void sizes_are_read_and_written_as_people_do() {
    assertEquals(64L << 20, ByteSize.parse("64MiB").bytes());
    assertEquals(64L << 20, ByteSize.parse(" 64 m ").bytes());
    assertEquals(512, ByteSize.parse("512").bytes());
    assertEquals("64MiB", ByteSize.ofMebibytes(64).toString());
    assertEquals("1025B", ByteSize.ofBytes(1025).toString());
    assertEquals("0B", ByteSize.ofBytes(0).toString());
    assertEquals("1.25 MiB", ByteSize.ofKibibytes(1280).rounded());
    assertEquals("100 MiB", ByteSize.ofMebibytes(100).rounded());
    assertEquals("17 B", ByteSize.ofBytes(17).rounded());
    Expect.failure(UsageException.class, () -> ByteSize.parse("99999999999T"), "more bytes");
    Expect.failure(UsageException.class, () -> ByteSize.ofBytes(-1), "not negative");
  }

  @Test
  void memory_kept_by_a_larger_machine_gives_way_to_the_default() {
    StoreOptions kept = StoreOptions.defaults().withMemory(ByteSize.ofGibibytes(4096));
    assertEquals(StoreOptions.defaults(), kept.fittingHeap());
    StoreOptions small = StoreOptions.defaults().withMemory(ByteSize.ofMebibytes(16));
    assertEquals(small, small.fittingHeap());
  }

  @Test
  void options_of_files_are_kept_and_refused_where_they_have_no_effect() {
    KeyspaceOptions options =
        KeyspaceOptions.of(EngineKind.LSM)
            .withCompression(BlockCompression.NONE)
            .withFilterBits(4)
            .withMemtable(ByteSize.ofKibibytes(256))
            .withBlobThreshold(ByteSize.ofKibibytes(4));
    assertEquals(options, KeyspaceOptions.parse(options.toText()));
    assertTrue(options.toText().contains("blob-threshold=4KiB\n"), options.toText());
    assertEquals(ByteSize.ofKibibytes(32), KeyspaceOptions.of(EngineKind.LSM).blobThreshold());
    assertEquals(
        KeyspaceOptions.of(EngineKind.LSM),
        KeyspaceOptions.parse(KeyspaceOptions.of(EngineKind.LSM).toText()));
    Expect.failure(
        UsageException.class, () -> KeyspaceOptions.parse("engine=hash\nfilter-bits=4"), "HASH");
    Expect.failure(
        UsageException.class, () -> KeyspaceOptions.parse("engine=lsm\nfilter-bits=25"), "24");
    Expect.failure(
        UsageException.class, () -> KeyspaceOptions.parse("engine=lsm\nmemtable=1KiB"), "memtable");
    for (String wrong : List.of("0", "255", "1025MiB")) {
      Expect.failure(
          UsageException.class,
          () -> KeyspaceOptions.parse("engine=lsm\nblob-threshold=" + wrong),
          "'blob-threshold' is from 256B to 1GiB");
    }
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=lsm\nblob-threshold=large"),
        "'large' is no size");
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=lsm\nblob-treshold=1MiB"),
        "did you mean 'blob-threshold'?");
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.of(EngineKind.HASH).withBlobThreshold(ByteSize.ofMebibytes(1)),
        "no effect on the engine HASH");
  }

  @Test
  void options_of_one_engine_are_refused_on_another() {
    KeyspaceOptions options =
        KeyspaceOptions.of(EngineKind.BTREE)
            .withOrder(16)
            .withWarmUp(BtreeOptions.WarmUp.RECENT)
            .withBtree(BtreeOptions.DEFAULTS.withFill(70).withAdaptiveOrder(true))
            .withBlobThreshold(ByteSize.ofKibibytes(1));
    assertEquals(options, KeyspaceOptions.parse(options.toText()));
    assertEquals(ByteSize.ofKibibytes(4), KeyspaceOptions.of(EngineKind.BTREE).blobThreshold());
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=btree\nfilter-bits=4"),
        "filter-bits",
        "of the engine LSM and have no effect on BTREE");
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=lsm\norder=16"),
        "of the engine BTREE and have no effect on LSM");
    for (String wrong : List.of("order=2", "order=1001", "fill=49", "fill=101", "order=many")) {
      Expect.failure(
          UsageException.class, () -> KeyspaceOptions.parse("engine=btree\n" + wrong), "'");
    }
    Expect.failure(
        UsageException.class,
        () -> KeyspaceOptions.parse("engine=btree\nwarm-up=recnt"),
        "did you mean 'recent'?");
  }
}
