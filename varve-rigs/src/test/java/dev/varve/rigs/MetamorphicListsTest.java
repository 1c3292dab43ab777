package dev.varve.rigs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.kv.EngineKind;
import dev.varve.model.OperationList;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The lists in `resources/metamorphic`, some made by hand of what is hard, others kept because
/// they failed once: for every engine, with every set of extreme options, and with those that a
/// list failed with.
final class MetamorphicListsTest {
  private static Path directory() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(MetamorphicListsTest.class.getResource("/metamorphic")).toURI());
  }

  static List<Path> lists() throws IOException, URISyntaxException {
    try (Stream<Path> files = Files.list(directory())) {
      return files.filter(file -> file.toString().endsWith(".txt")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("lists")
  void a_list_is_answered_as_its_model_says(Path file) throws IOException {
    OperationList list = OperationList.parse(Files.readString(file));
    assertTrue(!list.operations().isEmpty(), file + " is empty");
    for (EngineKind engine : TinyEngines.kinds()) {
      List<OptionSet> sets = OptionSets.extremes(engine);
      sets.forEach(options -> requireSame(list, engine, options));
      String own = list.notes().get("options");
      if (own != null) {
        requireSame(list, engine, OptionSet.parse(own).of(engine));
      }
    }
  }

  private static void requireSame(OperationList list, EngineKind engine, OptionSet options) {
    MetamorphicRig.Run run = new MetamorphicRig.Run(engine, options, 1, PlantedBug.NONE);
    assertNull(
        MetamorphicRig.check(list, run, line -> {}, new Findings()),
        () -> "with --engine " + engine + " --options \"" + options + "\"");
  }

  @Test
  void sets_of_options_differ_and_are_read_as_they_are_printed() {
    for (EngineKind engine : TinyEngines.kinds()) {
      List<OptionSet> sets = OptionSets.of(engine, 1, MetamorphicCommand.SETS);
      assertEquals(MetamorphicCommand.SETS, sets.stream().distinct().count());
      for (OptionSet set : sets) {
        assertEquals(set, OptionSet.parse(set.toString()));
      }
    }
  }
}
