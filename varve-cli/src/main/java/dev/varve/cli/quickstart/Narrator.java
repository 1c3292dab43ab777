package dev.varve.cli.quickstart;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;

/// Tells the story of the quick start: chapters, tables, and claims, each checked as it is made.
///
/// @threads one at a time
final class Narrator {
  private static final String BOLD = "1";
  private static final String GREEN = "32";
  private static final String RED = "1;31";
  private static final String FAINT = "2";

  private final Console console;
  private int chapter;
  private int claims;
  private int broken;

  Narrator(Console console) {
    this.console = console;
  }

  private String styled(String code, String text) {
    return console.isColoured() ? "\033[" + code + "m" + text + "\033[0m" : text;
  }

  /** Begins the story. */
  void title(String title, String subtitle) {
    if (!console.isJson()) {
      console.line(styled(BOLD, title));
      console.line(styled(FAINT, subtitle));
    }
  }

  /** Begins a chapter. */
  void chapter(String title) {
    chapter++;
    if (!console.isJson()) {
      console.line("");
      console.line(styled(BOLD, chapter + "  " + title));
    }
    console.flush();
  }

  /** Tells something that needs no proof. */
  void tell(String line) {
    if (!console.isJson()) {
      console.line(line.isEmpty() ? "" : "   " + line);
    }
    console.flush();
  }

  /** Shows a table; its first row is the head. */
  void table(Table table) {
    if (!console.isJson()) {
      boolean head = true;
      for (String line : table.lines()) {
        console.line(head ? styled(FAINT, line) : line);
        head = false;
      }
    }
    console.flush();
  }

  /** Makes a claim, and says whether it holds. */
  void claim(boolean holds, String claim) {
    claims++;
    broken += holds ? 0 : 1;
    if (console.isJson()) {
      console.json(new JsonLine().put("chapter", chapter).put("claim", claim).put("holds", holds));
    } else {
      console.line("   " + (holds ? styled(GREEN, "ok") : styled(RED, "NOT SO:")) + "  " + claim);
    }
    console.flush();
  }

  /** How many claims were made. */
  int claims() {
    return claims;
  }

  /** How many did not hold. */
  int broken() {
    return broken;
  }
}
