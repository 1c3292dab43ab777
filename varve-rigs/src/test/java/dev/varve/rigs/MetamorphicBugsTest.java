package dev.varve.rigs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.kv.EngineKind;
import dev.varve.model.OperationDraw;
import dev.varve.model.OperationList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The metamorphic rig finds its planted bugs, and what it writes of each is a short list that
/// shows the bug, and nothing without it.
final class MetamorphicBugsTest {
  private static final long SEED = Long.getLong("varve.seed", 1);
  private static final int STEPS = 3_000;

  /** A bug that needs more operations than so many was not reduced. */
  private static final int REDUCED_MAX = 16;

  @TempDir private Path failures;

  /** Runs until the bug shows, and answers the reduced list. */
  private OperationList found(EngineKind engine, PlantedBug bug, String options)
      throws IOException {
    Findings findings = new Findings();
    MetamorphicRig rig = new MetamorphicRig(failures, findings);
    OperationList list = OperationDraw.draw(SEED, STEPS, engine.isOrdered());
    MetamorphicRig.Run run =
        new MetamorphicRig.Run(engine, OptionSet.parse(options).of(engine), SEED, bug);
    boolean same = rig.run("planted", list, run, "planted");
    Violation first = findings.first();
    assertTrue(!same && first != null, () -> "nobody found " + bug);
    assertNotNull(first);
    assertTrue(first.toString().contains("repeat with: varve-rigs metamorphic"), "" + first);
    System.out.println("found " + bug + ": " + first.what());
    return onlyList();
  }

  private OperationList onlyList() throws IOException {
    try (Stream<Path> files = Files.list(failures)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size());
      return OperationList.parse(Files.readString(all.getFirst()));
    }
  }

  /** The file alone repeats the failure, and without the bug there is none. */
  private static void requireRepeatable(OperationList reduced, EngineKind engine, PlantedBug bug) {
    int count = reduced.operations().size();
    assertTrue(count <= REDUCED_MAX, () -> count + " operations: " + reduced.toText());
    OptionSet options = OptionSet.parse(String.valueOf(reduced.notes().get("options")));
    long seed = Long.parseLong(String.valueOf(reduced.notes().get("seed")));
    MetamorphicRig.Run run = new MetamorphicRig.Run(engine, options, seed, bug);
    assertNotNull(MetamorphicRig.check(reduced, run, line -> {}, new Findings()));
    MetamorphicRig.Run sound = new MetamorphicRig.Run(engine, options, seed, PlantedBug.NONE);
    assertNull(MetamorphicRig.check(reduced, sound, line -> {}, new Findings()));
  }

  @ParameterizedTest
  @EnumSource
  void a_bug_of_an_engine_in_memory(EngineBug bug) throws IOException {
    OperationList reduced = found(EngineKind.RBTREE, bug, "durability=none");
    requireRepeatable(reduced, EngineKind.RBTREE, bug);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "COUNT_OFF_AFTER_POP")
  void a_bug_of_an_engine_with_files(EngineBug bug) throws IOException {
    OperationList reduced = found(EngineKind.LSM, bug, "durability=none");
    requireRepeatable(reduced, EngineKind.LSM, bug);
  }

  @Test
  void revisions_that_a_snapshot_reads_are_dropped() throws IOException {
    OperationList reduced = found(EngineKind.LSM, FilesBug.SNAPSHOTS_FORGOTTEN, "lsm-memtable=600");
    requireRepeatable(reduced, EngineKind.LSM, FilesBug.SNAPSHOTS_FORGOTTEN);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "COUNT_OFF_AFTER_POP")
  void a_bug_of_an_engine_with_leaves(EngineBug bug) throws IOException {
    OperationList reduced = found(EngineKind.BTREE, bug, "durability=none");
    requireRepeatable(reduced, EngineKind.BTREE, bug);
  }

  @ParameterizedTest
  @EnumSource(names = {"SNAPSHOTS_FORGOTTEN", "RANGE_DELETE_FORGETS_LEAVES"})
  void revisions_or_leaves_are_forgotten(FilesBug bug) throws IOException {
    OperationList reduced = found(EngineKind.BTREE, bug, "durability=none");
    requireRepeatable(reduced, EngineKind.BTREE, bug);
  }

  /// Of power cuts.
  @ParameterizedTest
  @EnumSource(names = {"SEGMENT_SYNC_SKIPPED", "SNAPSHOT_SYNC_SKIPPED", "CATALOG_SYNC_SKIPPED"})
  void a_lie_of_the_file_system(Lie lie) throws IOException {
    PlantedBug bug = new PlantedBug.LyingFiles(lie);
    OperationList reduced = found(EngineKind.RBTREE, bug, "durability=sync");
    requireRepeatable(reduced, EngineKind.RBTREE, bug);
  }
}
