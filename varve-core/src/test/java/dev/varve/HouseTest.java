package dev.varve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.varve.HouseCanaries.Canary;
import dev.varve.HouseRules.Ban;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds the code to the rules of the house, and the rules to being able to fail.
final class HouseTest {
  private static final Path ROOT = Path.of("..");
  private static final int LINES_MAX = 600;

  /** Spelled apart so that this file does not break the rule itself. */
  private static final Pattern UNFINISHED =
      Pattern.compile("\\b(TO" + "DO|FIX" + "ME|X" + "XX)\\b");

  private static final Pattern MACHINE_PATH =
      Pattern.compile(
          "(?<![\\w.])/(home|root|work|Users)/\\w|/tm" + "p/(?!varve-)\\w|[A-Z]:\\\\\\\\?Users");

  private static final JavaClasses CODE = code();

  private static final JavaClasses CANARIES =
      new ClassFileImporter()
          .importClasses(
              Stream.concat(
                      HouseCanaries.ALL.stream().map(Canary::type),
                      Stream.of(
                          HouseCanaries.RestoresItsStatus.class,
                          HouseCanaries.CanaryUtils.class,
                          named("dev.varve.base.ArrowCanary")))
                  .toArray(Class<?>[]::new));

  private static JavaClasses code() {
    // ArchUnit logs through SLF4J, which says on stderr that it finds nobody to log to.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    // The rules go by names: what the JDK's own classes use is not looked at.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    try {
      return new ClassFileImporter()
          .importPath(
              Path.of(Varve.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static Class<?> named(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  static List<Ban> bans() {
    return HouseRules.BANS;
  }

  static List<Canary> canaries() {
    return HouseCanaries.ALL;
  }

  @ParameterizedTest
  @MethodSource("bans")
  void nothing_banned_is_used(Ban ban) {
    ban.rule().check(CODE);
  }

  @Test
  void packages_use_only_those_before_them() {
    HouseRules.arrows().check(CODE);
  }

  @Test
  void engines_never_see_each_other_and_only_the_root_sees_everything() {
    assertFalse(HouseRules.mayUse("engine.memory", "engine.btree"));
    assertFalse(HouseRules.mayUse("engine.lsm", "engine.memory"));
    assertFalse(HouseRules.mayUse("engine.lsm.sstable", "engine.memory"));
    assertFalse(HouseRules.mayUse("engine.lsm.sstable", "engine.lsm.version"));
    assertTrue(HouseRules.mayUse("engine.lsm", "engine.lsm.sstable"));
    assertTrue(HouseRules.mayUse("engine.memory", "engine"));
    assertTrue(HouseRules.mayUse("store", "engine.memory"));
    assertTrue(HouseRules.mayUse("", "store"));
    assertFalse(HouseRules.mayUse("store", ""));
    assertFalse(HouseRules.mayUse("fs", "log"));
    assertFalse(HouseRules.mayUse("a new package", "base"), "it must be given its place first");
  }

  @Test
  void names_say_what_a_thing_is() {
    HouseRules.names().check(CODE);
  }

  @ParameterizedTest
  @MethodSource("canaries")
  void each_ban_sees_its_canary(Canary canary) {
    List<String> said = violations(canary.ban().rule(), canary.type());
    assertFalse(said.isEmpty(), () -> canary.ban().what() + " does not see " + canary.type());
    for (Ban other : HouseRules.BANS) {
      if (other != canary.ban()) {
        assertEquals(List.of(), violations(other.rule(), canary.type()), other.what());
      }
    }
  }

  @Test
  void restoring_ones_own_interrupt_status_is_allowed() {
    assertEquals(
        List.of(), violations(HouseRules.STOPPING.rule(), HouseCanaries.RestoresItsStatus.class));
  }

  @Test
  void the_arrows_and_the_names_see_their_canaries() {
    assertFalse(violations(HouseRules.arrows(), named("dev.varve.base.ArrowCanary")).isEmpty());
    assertFalse(violations(HouseRules.names(), HouseCanaries.CanaryUtils.class).isEmpty());
    assertFalse(isNullMarked("java.util"));
    assertTrue(UNFINISHED.matcher("// TO" + "DO: later").find());
    assertTrue(MACHINE_PATH.matcher("see /home" + "/me/notes").find());
    assertTrue(MACHINE_PATH.matcher("in /tm" + "p/store").find());
    assertFalse(MACHINE_PATH.matcher("docs/home/page, /memory/store, ../etc/passwd").find());
  }

  @Test
  void every_exception_from_a_ban_is_still_needed() {
    Set<String> known = new HashSet<>();
    for (JavaClass type : CODE) {
      known.add(type.getName());
      known.add(type.getPackageName());
    }
    for (Ban ban : HouseRules.BANS) {
      for (String place : ban.exceptions().keySet()) {
        assertTrue(known.contains(place), place);
        Map<String, String> fewer =
            ban.exceptions().entrySet().stream()
                .filter(entry -> !entry.getKey().equals(place))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        assertTrue(
            ban.except(fewer).rule().evaluate(CODE).hasViolation(),
            () -> place + " does not use " + ban.what() + " any more");
      }
    }
  }

  private static List<String> violations(ArchRule rule, Class<?> type) {
    JavaClasses only =
        CANARIES.that(DescribedPredicate.describe("it", c -> c.isEquivalentTo(type)));
    assertEquals(1, only.size());
    return rule.evaluate(only).getFailureReport().getDetails();
  }

  @Test
  void every_package_is_null_marked() {
    Set<String> packages = new TreeSet<>();
    CODE.forEach(type -> packages.add(type.getPackageName()));
    packages.removeIf(String::isEmpty);
    assertTrue(packages.size() >= 10, packages.toString());
    for (String name : packages) {
      assertTrue(isNullMarked(name), () -> name + " needs a package-info with @NullMarked");
    }
  }

  private static boolean isNullMarked(String packageName) {
    try {
      return Class.forName(packageName + ".package-info").isAnnotationPresent(NullMarked.class);
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** Every text that people write, in every module. */
  private static List<Path> texts() throws IOException {
    Set<String> skipped = Set.of("target", ".git", "data", ".idea");
    List<Path> texts = new ArrayList<>();
    try (Stream<Path> all = Files.walk(ROOT)) {
      all.filter(
              path -> {
                for (Path part : ROOT.relativize(path)) {
                  if (skipped.contains(part.toString())) {
                    return false;
                  }
                }
                return path.toString().matches(".*\\.(java|md|xml|sh|yml|case)|.*/varve|.*/run");
              })
          .filter(Files::isRegularFile)
          .forEach(texts::add);
    }
    assertTrue(texts.size() > 150, "the walk finds the repository");
    return texts;
  }

  @Test
  void files_are_short_enough_to_be_read() throws IOException {
    for (Path file : texts()) {
      if (!file.toString().endsWith(".java")) {
        continue;
      }
      int lines = Files.readAllLines(file).size();
      assertTrue(
          lines <= LINES_MAX,
          () ->
              file
                  + " has "
                  + lines
                  + " lines, at most "
                  + LINES_MAX
                  + ": what wants its own room?");
    }
  }

  @Test
  void nothing_is_left_for_later_and_no_machine_is_named() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : texts()) {
      int number = 0;
      for (String line : Files.readAllLines(file)) {
        number++;
        if (UNFINISHED.matcher(line).find() || MACHINE_PATH.matcher(line).find()) {
          found.add(file + ":" + number + " " + line.strip());
        }
      }
    }
    assertEquals(List.of(), found);
  }
}
