package dev.varve.bench;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.Figures.Figure;
import dev.varve.bench.Figures.Verdict;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Every row runs, and samples come to the figures that they should.
class BenchTest {
  private static final double TINY = 0.0002;

  @TempDir Path directory;

  private List<Sample> samplesOf(Row row) throws Exception {
    List<Sample> samples = new ArrayList<>();
    Path own = Files.createDirectories(directory.resolve(row.name()));
    for (String process : row.processes()) {
      row.run(process, new Run(0, new Sizes(0, TINY, 0, 42), own, samples::add));
    }
    return samples;
  }

  @TestFactory
  Stream<DynamicTest> everyRowRuns() {
    return Rows.all().stream()
        .map(row -> DynamicTest.dynamicTest(row.name(), () -> runAndCheck(row)));
  }

  private void runAndCheck(Row row) throws Exception {
    Figures figures = Figures.of(samplesOf(row));
    assertFalse(figures.all().isEmpty(), "no figures");
    for (Figure figure : figures.all()) {
      assertTrue(
          figure.values().stream().allMatch(Double::isFinite),
          () -> figure.subject() + ", " + figure.metric() + ": " + figure.values());
    }
    // A row so short may run without any collection; every other aim must have its figure.
    for (Target target : row.targets()) {
      // The peers that a tree is compared with are in another module.
      boolean isThere =
          target.relativeTo().isEmpty()
              || figures.best(target.metric(), target.relativeTo()).isPresent();
      if (isThere && !target.metric().startsWith("heap after collections")) {
        assertTrue(figures.verdict(target) != Verdict.UNKNOWN, target.text());
      }
    }
    row.yardstick()
        .ifPresent(
            yardstick ->
                assertTrue(
                    figures.all().stream().anyMatch(f -> f.subject().equals(yardstick)),
                    "the yardstick was not measured"));
    try (Stream<Path> left = Files.list(directory.resolve(row.name()))) {
      List<String> names = left.map(path -> path.getFileName().toString()).toList();
      // Replay keeps its stores from round to round; whoever runs it removes its directory.
      assertTrue(names.isEmpty() || row instanceof ReplayRow, "left behind: " + names);
    }
  }

  @Test
  void theCommandRunsProcessesInJvmsOfTheirOwnAndWritesJson() throws Exception {
    Path json = directory.resolve("figures.json");
    StringWriter out = new StringWriter();
    int status =
        Bench.commandLine()
            .setOut(new PrintWriter(out))
            .execute(
                "array",
                "--rounds=1",
                "--entries=20",
                "--scale=0.001",
                "--work=" + directory,
                "--json=" + json);
    assertEquals(0, status);
    assertAll(
        () -> assertTrue(out.toString().contains("varve ARRAY"), out::toString),
        () -> assertTrue(out.toString().contains("get hit, allocation"), out::toString),
        () ->
            assertTrue(
                Files.readString(json).contains("\"subject\":\"HashMap\",\"metric\":\"put\""),
                () -> "the JSON lacks a figure"));
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(json), left.toList());
    }
  }

  @Test
  void aProcessThatFailsIsNamedAndTheStatusSaysSo() {
    StringWriter out = new StringWriter();
    int status =
        Bench.commandLine()
            .setOut(new PrintWriter(out))
            .execute("array", "--rounds=1", "--work=" + directory, "--flags=-XX:+NoSuchFlag");
    assertEquals(1, status);
    assertTrue(out.toString().contains("failed: the JVM of row array, process varve ARRAY"));
  }

  @Test
  void anUnknownRowIsAnErrorThatNamesTheRows() {
    StringWriter err = new StringWriter();
    int status = Bench.commandLine().setErr(new PrintWriter(err)).execute("hush", "--rounds=1");
    assertEquals(CommandLine.ExitCode.USAGE, status);
    assertTrue(err.toString().contains("'hush'") && err.toString().contains("hash-10m"));
  }

  private static Sample sample(int round, String subject, Unit unit, double value) {
    return new Sample(round, subject, "m", unit, value);
  }

  @Test
  void aRatioIsTheMedianOfTheRoundsRatios() {
    // The machine is ten times slower in the second round: the ratio does not mind.
    Figures figures =
        Figures.of(
            List.of(
                sample(0, "a", Unit.NANOS, 20),
                sample(0, "b", Unit.NANOS, 10),
                sample(1, "a", Unit.NANOS, 300),
                sample(1, "b", Unit.NANOS, 100),
                sample(2, "a", Unit.NANOS, 20),
                sample(2, "b", Unit.NANOS, 10)));
    assertEquals(2, figures.ratio(figures.find("a", "m").orElseThrow(), "b").orElseThrow());
  }

  @Test
  void theBestQuarterIsTheLowOneOfTimesAndTheHighOneOfRates() {
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i <= 100; i++) {
      samples.add(sample(0, "time", Unit.NANOS, i));
      samples.add(sample(0, "rate", Unit.PER_SECOND, i));
    }
    Figures figures = Figures.of(samples);
    assertEquals(25, figures.find("time", "m").orElseThrow().bestQuarter());
    assertEquals(75, figures.find("rate", "m").orElseThrow().bestQuarter());
    assertEquals(50, figures.find("rate", "m").orElseThrow().median());
  }

  @Test
  void aTargetIsAFloorForRatesAndACeilingForTheRest() {
    Figures figures =
        Figures.of(
            List.of(
                sample(0, "time", Unit.NANOS, 80),
                sample(0, "time", Unit.NANOS, 120),
                sample(0, "time", Unit.NANOS, 120),
                sample(0, "rate", Unit.PER_SECOND, 120)));
    assertAll(
        () -> assertEquals(Verdict.MET, figures.verdict(Target.of("rate", "m", 100, ""))),
        () -> assertEquals(Verdict.MISSED, figures.verdict(Target.of("rate", "m", 121, ""))),
        () -> assertEquals(Verdict.MET, figures.verdict(Target.of("time", "m", 120, ""))),
        () ->
            assertEquals(
                Verdict.MET_BY_BEST_QUARTER, figures.verdict(Target.of("time", "m", 100, ""))),
        () -> assertEquals(Verdict.MISSED, figures.verdict(Target.of("time", "m", 99, ""))),
        () -> assertEquals(Verdict.UNKNOWN, figures.verdict(Target.of("none", "m", 99, ""))));
  }

  @Test
  void aSampleSurvivesItsLine() {
    Sample sample = new Sample(3, "varve HASH", "put p99.9", Unit.MICROS, 1.25e-3);
    assertEquals(sample, Sample.parse(sample.toLine()));
  }

  @Test
  void jsonEscapesWhatItMust() {
    Json json = new Json().open('{').name("a\"b").text("c\\d\n").name("e").number(1.5);
    assertEquals("{\"a\\\"b\":\"c\\\\d\\u000a\",\"e\":1.5}", json.close('}').toString());
  }

  @Test
  void keysAreDistinctAndOrdersRepeat() {
    Keys keys = new Keys(7, 1);
    Keys again = new Keys(7, 1);
    assertEquals(
        1000,
        Stream.iterate(0L, i -> i < 1000, i -> i + 1)
            .map(i -> new java.math.BigInteger(keys.of(i).clone()))
            .distinct()
            .count());
    for (int i = 0; i < 100; i++) {
      long next = keys.next(10);
      assertTrue(next >= 0 && next < 10);
      assertEquals(next, again.next(10));
    }
  }
}
