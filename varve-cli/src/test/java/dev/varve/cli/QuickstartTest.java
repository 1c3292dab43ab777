package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QuickstartTest {
  @TempDir Path temporary;

  private static void assertHolds(Ran ran) {
    assertEquals(0, ran.code(), ran.toString());
    assertTrue(ran.text().contains("lost 0"), ran.toString());
    assertTrue(ran.text().contains("11 of 11 checks hold"), ran.toString());
    for (String line : ran.lines()) {
      assertTrue(line.length() <= 80 || line.startsWith("store in "), line);
      assertTrue(line.chars().noneMatch(c -> c == 27), line);
    }
  }

  @Test
  void it_holds_in_a_temporary_store() {
    assertHolds(Ran.varve("-q", "quickstart"));
  }

  @Test
  void it_holds_twice_in_a_store_that_stays_and_what_it_proposes_works() {
    String store = temporary.resolve("stays").toString();
    assertHolds(Ran.varve("-d", store, "quickstart"));
    Ran second = Ran.varve("-d", store, "quickstart");
    assertHolds(second);
    List<String> proposed =
        second.lines().stream()
            .dropWhile(line -> !line.equals("Try next:"))
            .skip(1)
            .map(String::strip)
            .toList();
    assertTrue(proposed.size() >= 4, second.text());
    for (String line : proposed) {
      String[] words = line.split(" ", -1);
      Ran ran = Ran.varve(List.of(words).subList(1, words.length).toArray(String[]::new));
      assertEquals(0, ran.code(), line + "\n" + ran);
    }
    Ran japan = Ran.varve("-d", store, "get", "-k", "countries", "JP");
    assertTrue(japan.text().contains("\"name\":\"Japan\""), japan.text());
    Ran runways = Ran.varve("-d", store, "count", "-k", "runways", "--prefix", "KJFK/");
    assertEquals("4\n", runways.text());
  }

  @Test
  void it_colours_a_terminal_unless_told_not_to() {
    Ran coloured = Ran.with(new byte[0], Map.of(), true, "quickstart");
    assertEquals(0, coloured.code(), coloured.toString());
    assertTrue(coloured.text().contains("\033[32mok\033[0m"), coloured.text());
    Ran plain = Ran.with(new byte[0], Map.of("NO_COLOR", "1"), true, "help");
    assertTrue(plain.text().chars().noneMatch(c -> c == 27), plain.text());
  }

  @Test
  void it_is_json_when_asked() {
    Ran ran = Ran.varve("--json", "quickstart");
    assertEquals(0, ran.code(), ran.toString());
    ran.lines().forEach(Json::check);
    assertTrue(ran.lines().stream().allMatch(line -> line.contains("\"holds\":true")), ran.text());
  }

  @Test
  void a_store_with_other_data_is_left_alone() {
    String store = temporary.resolve("other").toString();
    Ran.varve("-d", store, "put", "-k", "runways", "mine", "1");
    Ran refused = Ran.varve("-d", store, "quickstart");
    assertEquals(2, refused.code(), refused.toString());
    assertTrue(refused.err().contains("holds other data"), refused.err());
    assertEquals("1\n", Ran.varve("-d", store, "get", "-k", "runways", "mine").text());
    assertEquals(2, Ran.varve("-d", store, "keyspaces").lines().size());
  }
}
