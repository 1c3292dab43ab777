package dev.varve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/// Every test that `docs/HAZARDS.md` names exists, every class that it trusts does too, and none of
/// the defects and traps is left out.
final class HazardsTest {
  private static final Path PAGE = Path.of("..", "docs", "HAZARDS.md");
  private static final Pattern TEST = Pattern.compile("`(\\w+)#(\\w+)`");
  private static final Pattern CLASS = Pattern.compile("`([A-Z]\\w*[a-z]\\w*)`");

  /** Classes of the JDK that the page names. */
  private static final List<String> JDK = List.of("RandomAccessFile", "InternalError");

  private static Map<String, String> classes(Class<?> oneOfThem) throws IOException {
    try {
      Path root = Path.of(oneOfThem.getProtectionDomain().getCodeSource().getLocation().toURI());
      Map<String, String> names = new HashMap<>();
      try (Stream<Path> files = Files.walk(root)) {
        files
            .map(file -> root.relativize(file).toString())
            .filter(name -> name.endsWith(".class") && !name.contains("$"))
            .map(name -> name.substring(0, name.length() - 6).replace('/', '.'))
            .forEach(name -> names.put(name.substring(name.lastIndexOf('.') + 1), name));
      }
      return names;
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  @Test
  void every_test_that_guards_a_hazard_exists() throws Exception {
    Map<String, String> classes = classes(HazardsTest.class);
    List<String> missing = new ArrayList<>();
    int count = 0;
    for (Matcher named = TEST.matcher(Files.readString(PAGE)); named.find(); count++) {
      String type = classes.get(named.group(1));
      boolean exists =
          type != null
              && Arrays.stream(Class.forName(type).getDeclaredMethods())
                  .anyMatch(
                      method ->
                          method.getName().equals(named.group(2))
                              && (method.isAnnotationPresent(Test.class)
                                  || method.isAnnotationPresent(ParameterizedTest.class)));
      if (!exists) {
        missing.add(named.group());
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(count > 60, count + " tests");
  }

  @Test
  void every_class_that_prevents_a_hazard_exists() throws IOException {
    Map<String, String> classes = new HashMap<>(classes(Varve.class));
    classes.putAll(classes(HazardsTest.class));
    List<String> missing = new ArrayList<>();
    for (Matcher named = CLASS.matcher(Files.readString(PAGE)); named.find(); ) {
      if (!classes.containsKey(named.group(1)) && !JDK.contains(named.group(1))) {
        missing.add(named.group(1));
      }
    }
    assertEquals(List.of(), missing);
  }

  @Test
  void no_defect_and_no_trap_is_left_out() throws IOException {
    String page = Files.readString(PAGE);
    Stream<String> defects = IntStream.rangeClosed(1, 10).mapToObj(i -> "D" + i);
    Stream<String> more = IntStream.rangeClosed(26, 32).mapToObj(i -> "C" + i);
    Stream<String> traps = IntStream.rangeClosed(1, 14).mapToObj(i -> "T" + i);
    for (String id : Stream.of(defects, more, traps).flatMap(ids -> ids).toList()) {
      assertTrue(Pattern.compile("\\b" + id + "\\b").matcher(page).find(), id);
    }
  }
}
