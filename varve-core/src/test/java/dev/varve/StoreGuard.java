package dev.varve;

import dev.varve.fs.MemoryFileSystem;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/// After every test of a class that opens stores: no thread of a store is left, no file is open in
/// the file systems in memory that the test's fields hold, and nothing was said on stderr, where a
/// forgotten handle would be reported.
///
/// A test that already failed is left to its own failure.
public final class StoreGuard implements BeforeEachCallback, AfterEachCallback {
  private static final Namespace NAMESPACE = Namespace.create(StoreGuard.class);

  /** Threads of a closed store may need a moment to end. */
  private static final int LOOKS = 200;

  private static final String THREADS = "varve-";

  /** What stderr was, what it is meanwhile, and which threads there were. */
  private record Before(PrintStream stderr, ByteArrayOutputStream said, Set<String> threads) {}

  @Override
  public void beforeEach(ExtensionContext context) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Before before = new Before(System.err, said, threads());
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    context.getStore(NAMESPACE).put(Before.class, before);
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    Before before = context.getStore(NAMESPACE).remove(Before.class, Before.class);
    System.setErr(before.stderr);
    if (context.getExecutionException().isPresent()) {
      return;
    }
    List<String> problems = new ArrayList<>();
    Set<String> left = threadsSince(before.threads);
    for (int look = 0; look < LOOKS && !left.isEmpty(); look++) {
      Thread.sleep(10);
      left = threadsSince(before.threads);
    }
    if (!left.isEmpty()) {
      problems.add("threads are left: " + left);
    }
    for (Object test : context.getRequiredTestInstances().getAllInstances()) {
      problems.addAll(openFiles(test));
    }
    String said = before.said.toString(StandardCharsets.UTF_8);
    if (!said.isEmpty()) {
      problems.add("stderr says: " + said);
    }
    if (!problems.isEmpty()) {
      throw new AssertionError(String.join("; ", problems));
    }
  }

  /// What is open in the file systems that a test's fields hold.
  static List<String> openFiles(Object test) throws IllegalAccessException {
    List<String> problems = new ArrayList<>();
    for (Class<?> type = test.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (field.getType() == MemoryFileSystem.class) {
          field.setAccessible(true);
          if (field.get(test) instanceof MemoryFileSystem fs && !fs.openFiles().isEmpty()) {
            problems.add("files are open in '" + field.getName() + "': " + fs.openFiles());
          }
        }
      }
    }
    return problems;
  }

  /// The threads of stores that are not among `before`.
  static Set<String> threadsSince(Set<String> before) {
    Set<String> now = threads();
    now.removeAll(before);
    return now;
  }

  /// The threads of stores, by name and number: every store's have the same names.
  static Set<String> threads() {
    Set<String> names = new TreeSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.isAlive() && thread.getName().startsWith(THREADS)) {
        names.add(thread.getName() + " (" + thread.threadId() + ")");
      }
    }
    return names;
  }
}
