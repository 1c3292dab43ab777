package dev.varve.cli;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.Meter;
import dev.varve.kv.FormatException;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Opens the store in a directory, and closes it when the command ends.
final class DirectoryAccess implements StoreAccess {
  private final Console console;
  private final @Nullable Path directory;

  DirectoryAccess(Console console, @Nullable Path directory) {
    this.console = console;
    this.directory = directory;
  }

  private Path directory() {
    if (directory == null) {
      throw new UsageException("which store? Give its directory with -d DIR");
    }
    return directory;
  }

  @Override
  public Lease existing() {
    Path wanted = directory();
    requireSomething(wanted);
    try (Meter meter = console.meter()) {
      return new Lease(Varve.openExisting(wanted, meter), true);
    }
  }

  /** Says what to do about a store that is not there in the words of the command. */
  static void requireSomething(Path wanted) {
    if (isEmpty(wanted)) {
      throw new FormatException(
          wanted,
          "there is no store in "
              + wanted
              + (Files.exists(wanted) ? ", which is empty" : ": there is no such directory")
              + ". Check the path, or make a store with put, load or quickstart");
    }
  }

  private static boolean isEmpty(Path wanted) {
    if (Files.notExists(wanted)) {
      return true;
    }
    try (DirectoryStream<Path> names = Files.newDirectoryStream(wanted)) {
      return !names.iterator().hasNext();
    } catch (IOException e) {
      // What is the matter with it is the store's to say.
      return false;
    }
  }

  @Override
  public Lease existingOrNew() {
    Store store = Varve.open(directory());
    if (store.recovery().created()) {
      console.note("made a new store in " + directory);
    }
    return new Lease(store, true);
  }
}
