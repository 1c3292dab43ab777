package dev.varve.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OsFileSystemTest extends FileSystemContract {
  @TempDir private Path directory;

  @Override
  protected FileSystem fileSystem() {
    return OsFileSystem.INSTANCE;
  }

  @Override
  protected Path directory() {
    return directory;
  }

  @Test
  void a_lock_held_by_another_process_names_it() throws Exception {
    Path path = directory.resolve("LOCK");
    Process holder =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                LockHolderProgram.class.getName(),
                path.toString())
            .redirectErrorStream(true)
            .start();
    try {
      assertEquals("locked", holder.inputReader(StandardCharsets.UTF_8).readLine());
      LockHeldException e =
          assertThrows(LockHeldException.class, () -> OsFileSystem.INSTANCE.lock(path));
      assertEquals(holder.pid(), e.holder().orElseThrow().processId());
      assertTrue(e.toString().contains("process " + holder.pid() + " since "), e.toString());
    } finally {
      holder.destroyForcibly().waitFor();
    }
    OsFileSystem.INSTANCE.lock(path).close();
  }

  /// A failed attempt to lock must not drop the lock that this process holds (POSIX drops it when
  /// any descriptor of the file is closed).
  @Test
  void a_refused_second_lock_leaves_the_first_in_force() throws Exception {
    Path path = directory.resolve("LOCK");
    try (DirectoryLock lock = OsFileSystem.INSTANCE.lock(path)) {
      assertThrows(LockHeldException.class, () -> OsFileSystem.INSTANCE.lock(path));
      Process other =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  LockHolderProgram.class.getName(),
                  path.toString())
              .redirectErrorStream(true)
              .start();
      assertEquals("held", other.inputReader(StandardCharsets.UTF_8).readLine());
      assertEquals(0, other.waitFor());
      assertTrue(lock.toString().length() > 0);
    }
  }

  @Test
  void an_unreadable_holder_is_told_as_unknown() throws IOException {
    Path path = directory.resolve("LOCK");
    Files.writeString(path, "pid=zero\nsince=yesterday\n");
    OsFileSystem.INSTANCE.lock(path).close();
  }

  @Test
  void made_directories_are_there_with_their_parents() throws IOException {
    Path deep = directory.resolve("a/b/c");
    OsFileSystem.INSTANCE.createDirectories(deep);
    OsFileSystem.INSTANCE.createDirectories(deep);
    assertTrue(Files.isDirectory(deep));
  }

  /// Locks a file, says so, and waits to be killed; or says that somebody else holds it.
  static final class LockHolderProgram {
    private LockHolderProgram() {}

    public static void main(String[] args) throws Exception {
      try {
        DirectoryLock lock = OsFileSystem.INSTANCE.lock(Path.of(args[0]));
        System.out.println("locked");
        Thread.sleep(60_000);
        lock.close();
      } catch (LockHeldException e) {
        System.out.println("held");
      }
    }
  }

  @Test
  void the_file_of_a_lock_that_this_process_holds_is_not_opened_as_that_would_drop_it()
      throws IOException {
    Path path = directory.resolve("HELD");
    FileSystem fs = OsFileSystem.INSTANCE;
    try (DirectoryLock _ = fs.lock(path)) {
      LockHeldException e =
          assertThrows(LockHeldException.class, () -> fs.open(path, OpenMode.READ));
      assertTrue(e.holder().orElseThrow().thisProcess());
    }
    fs.open(path, OpenMode.READ).close();
  }
}
