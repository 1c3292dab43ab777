package dev.varve.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.Figures.Verdict;
import dev.varve.bench.OrderedStore.Walk;
import dev.varve.bench.Product.Settings;
import dev.varve.bench.Product.Trait;
import dev.varve.kv.EngineKind;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/// What is compared with what, what a kill takes away, and how it is shown.
class ComparisonTest {
  private static final String RBTREE = "varve RBTREE";
  private static final Settings SETTINGS = Settings.of(20_000, 64 << 20, true);

  @TempDir Path directory;

  private static Sample sample(String subject, String metric, double nanos) {
    return new Sample(0, subject, metric, Unit.NANOS, nanos);
  }

  private static Comparison comparison() {
    return new Comparison(Products.all(), List.of());
  }

  @TestFactory
  Stream<DynamicTest> anEngineLosesNothingToAKill() {
    return Stream.of(EngineKind.values())
        .filter(engine -> engine != EngineKind.ARRAY)
        .map(VarveProduct::new)
        .map(
            product ->
                DynamicTest.dynamicTest(
                    product.name(),
                    () -> {
                      KillTrial.Killed killed = kill(product);
                      assertTrue(killed.acknowledged() >= 500, killed::toString);
                      assertEquals(0, killed.lost(), killed::toString);
                    }));
  }

  private KillTrial.Killed kill(Product product) throws Exception {
    return KillTrial.run(
        product, KillTrial.settings(64 << 20), directory.resolve(product.name()), 500);
  }

  @Test
  void whatAProductDoesNotKeepIsSeenToBeLost() throws Exception {
    KillTrial.Killed killed = kill(Products.find(BufferedPeer.NAME));
    assertEquals(killed.acknowledged(), killed.lost());
    assertTrue(killed.lost() >= 500, killed::toString);
  }

  @Test
  void aProductThatLosesWhatItPromisedToKeepIsAFailure() {
    KillTrial.Killed some = new KillTrial.Killed(500, 1, "");
    Product promises = Products.find(RBTREE);
    Product promisesNothing = Products.find(BufferedPeer.NAME);
    assertThrows(IllegalStateException.class, () -> ComparisonRow.check(promises, false, some));
    assertThrows(IllegalStateException.class, () -> ComparisonRow.check(promises, true, some));
    ComparisonRow.check(promisesNothing, false, some);
    ComparisonRow.check(promisesNothing, true, some);
    ComparisonRow.check(promises, true, new KillTrial.Killed(500, 0, ""));
  }

  @Test
  void aPeerThatKeepsNothingIsNeverTheBest() {
    Figures figures =
        Figures.of(
            List.of(
                sample(RBTREE, "put", 10),
                sample("ConcurrentSkipListMap", "put", 1),
                sample(BufferedPeer.NAME, "put", 30)));
    Comparison.Standing standing = comparison().standing(figures, RBTREE, "put").orElseThrow();
    assertEquals(BufferedPeer.NAME, standing.best().subject());
    assertEquals(3, standing.times(), 1e-9);
  }

  @Test
  void whoKeepsAnOrderIsAPeerOfWhoDoesNotButNotTheOtherWayRound() {
    Product unordered = Products.find("varve HASH");
    Comparison comparison =
        new Comparison(
            List.of(Products.find(RBTREE), unordered, new BufferedPeer(), new UnorderedPeer()),
            List.of());
    assertEquals(List.of(BufferedPeer.NAME, "Unordered"), comparison.peers("varve HASH"));
    assertEquals(List.of(BufferedPeer.NAME), comparison.peers(RBTREE));
  }

  @Test
  void lessThanAByteForEachOperationHasNoRatio() {
    Figures figures =
        Figures.of(
            List.of(
                sample(RBTREE, "get" + Stopwatch.ALLOCATION, 0.01),
                sample(RBTREE, "put" + Stopwatch.ALLOCATION, 2),
                sample(BufferedPeer.NAME, "get" + Stopwatch.ALLOCATION, 100),
                sample(BufferedPeer.NAME, "put" + Stopwatch.ALLOCATION, 100)));
    assertTrue(comparison().standing(figures, RBTREE, "get" + Stopwatch.ALLOCATION).isEmpty());
    assertEquals(
        50,
        comparison().standing(figures, RBTREE, "put" + Stopwatch.ALLOCATION).orElseThrow().times(),
        1e-9);
  }

  @Test
  void theAimOfATreeIsToBeSoManyTimesAsFastAsTheBest() {
    Figures figures =
        Figures.of(List.of(sample("t", "m", 10), sample("a", "m", 25), sample("b", "m", 90)));
    List<String> peers = List.of("a", "b");
    assertEquals(Verdict.MET, figures.verdict(Target.faster("t", "m", peers, 2.5)));
    assertEquals(Verdict.MISSED, figures.verdict(Target.faster("t", "m", peers, 2.6)));
    assertEquals(Verdict.UNKNOWN, figures.verdict(Target.faster("t", "m", List.of("c"), 1)));
  }

  @Test
  void rowsHaveTheEnginesThatWereChosen() {
    Rows.Selection lsm = new Rows.Selection(List.of(EngineKind.LSM), 0);
    assertEquals("varve LSM", Rows.find("btree", lsm).orElseThrow().processes().getFirst());
    Row usual = Rows.find("btree", Rows.Selection.USUAL).orElseThrow();
    assertEquals("varve BTREE", usual.processes().getFirst());
    List<String> all = Rows.find("peers", Rows.Selection.USUAL).orElseThrow().processes();
    for (EngineKind engine : EngineKind.values()) {
      assertEquals(engine != EngineKind.ARRAY, all.contains("varve " + engine), engine.name());
    }
    assertTrue(all.containsAll(List.of(BufferedPeer.NAME, "ConcurrentSkipListMap", "HashMap")));
  }

  @Test
  void whatDoesNotFitIntoMemoryIsLeftOutAndSaid() {
    Rows.Selection large = new Rows.Selection(List.of(), 20_000_000);
    Row row = Rows.find("peers", large).orElseThrow();
    assertTrue(row.about().contains("20,000,000 entries of 16 + 100 B"), row.about());
    assertFalse(row.processes().contains(RBTREE));
    assertTrue(row.processes().contains("varve LSM"));
    Figures none = Figures.of(List.of());
    String table = new ComparisonTable(row.comparison().orElseThrow(), none).toString();
    assertTrue(table.contains("left out: " + RBTREE), table);
  }

  @Test
  void theChartIsSvgWithABarForEachEngine() throws Exception {
    Figures figures =
        Figures.of(
            List.of(
                sample(RBTREE, "put & <get>", 10),
                sample("varve LSM", "put & <get>", 40),
                sample(BufferedPeer.NAME, "put & <get>", 20),
                sample(RBTREE, "put, processor", 10),
                sample(BufferedPeer.NAME, "put, processor", 20)));
    String svg = new Chart("title", comparison(), figures).toSvg();
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    assertEquals("svg", document.getDocumentElement().getTagName());
    // The ground, a mark in the legend for each engine, and the two bars.
    int engines = comparison().engines().size();
    assertEquals(1 + engines + 2, document.getElementsByTagName("rect").getLength());
    assertTrue(svg.contains(">2.00<") && svg.contains(">0.50<"), svg);
  }

  @Test
  void theTableHasALineForEachMetricAndWhatAnEngineComesTo() {
    Figures figures =
        Figures.of(
            List.of(
                sample(RBTREE, "put", 10),
                sample(BufferedPeer.NAME, "put", 35),
                sample(RBTREE, "put, processor", 10)));
    List<String> lines = new ComparisonTable(comparison(), figures).toString().lines().toList();
    assertTrue(lines.stream().anyMatch(l -> l.matches("put \\[ns\\] +10\\.00 +35\\.00")));
    assertTrue(lines.stream().anyMatch(l -> l.matches("put +10\\.00 +3\\.50 × +Buffered 35\\.00")));
  }

  @TestFactory
  Stream<DynamicTest> aWalkGoesBothWaysFromWhereItStands() {
    return Products.all().stream()
        .filter(product -> product.is(Trait.ORDERED))
        .map(product -> DynamicTest.dynamicTest(product.name(), () -> checkWalk(product)));
  }

  private void checkWalk(Product product) {
    try (OrderedStore store =
            (OrderedStore) product.open(directory.resolve(product.name()), SETTINGS);
        Walk _ = put(store);
        Walk walk = store.walk()) {
      List<Byte> seen = new ArrayList<>();
      assertTrue(walk.seek(new byte[] {3}));
      seen.add(walk.key()[0]);
      assertTrue(walk.next());
      seen.add(walk.key()[0]);
      assertTrue(walk.previous());
      seen.add(walk.key()[0]);
      assertTrue(walk.previous());
      seen.add(walk.key()[0]);
      assertFalse(walk.previous());
      assertTrue(walk.last());
      assertTrue(walk.previous());
      assertTrue(walk.next());
      assertArrayEquals(new byte[] {(byte) 0x84}, walk.key());
      assertFalse(walk.next());
      assertFalse(walk.seek(new byte[] {(byte) 0x85}));
      assertEquals(List.of((byte) 4, (byte) 0x84, (byte) 4, (byte) 2), seen);
    }
  }

  private static Walk put(OrderedStore store) {
    store.putAll(new byte[][] {{(byte) 0x84}, {2}, {4}}, new byte[][] {{1}, {2}, {3}});
    return store.walk();
  }

  /** A peer without an order, which is never opened. */
  private static final class UnorderedPeer implements Peer {
    @Override
    public String name() {
      return "Unordered";
    }

    @Override
    public Set<Trait> traits() {
      return EnumSet.of(Trait.KEEPS);
    }

    @Override
    public String about() {
      return "never opened";
    }

    @Override
    public MeasuredStore open(Path directory, Settings settings) {
      throw new UnsupportedOperationException("never opened");
    }
  }
}
