package dev.varve.bench;

import dev.varve.bench.Product.Settings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// JVMs of their own that work on one store: one puts until it is killed, another opens what is
/// there and counts.
///
/// What a put that returned is worth shows only when the process that made it is gone without
/// having been asked; and what an opening costs shows only in a process that has opened nothing
/// yet.
///
/// @threads one at a time
public final class StoreProcess {
  private static final String PUT = "put";
  private static final String LOOK = "look";
  private static final long WAIT_SECONDS = 120;

  private final Product product;
  private final Settings settings;
  private final List<String> flags;
  private final long seed;

  /// @param flags of the JVMs
  /// @param seed which keys there are, as [Keys] says
  StoreProcess(Product product, Settings settings, List<String> flags, long seed) {
    this.product = product;
    this.settings = settings;
    this.flags = flags;
    this.seed = seed;
  }

  /// What a process found when it opened a store.
  ///
  /// @param openNanos the time from before the opening to the first value
  /// @param entries how many of the entries that were asked for were there, each with its value
  /// @param failure why it did not open, or an empty text
  record Found(long openNanos, long entries, String failure) {}

  /// Starts a process that puts into a store until it is killed.
  ///
  /// @param told the file that holds how many puts have returned: see [#acknowledged]
  /// @throws IOException when it cannot be started
  Process put(Path store, Path told) throws IOException {
    return start(PUT, store, told, settings.entries());
  }

  /// How many puts of a process have returned.
  ///
  /// @throws IOException when the file cannot be read
  static long acknowledged(Path told) throws IOException {
    if (!Files.exists(told)) {
      return 0;
    }
    byte[] bytes = Files.readAllBytes(told);
    return bytes.length < Long.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
  }

  /// Has a process open a store and look for the first `entries` entries.
  ///
  /// @param told the file that it writes down what it found
  /// @throws IOException when it cannot be started, or its answer cannot be read
  Found look(Path store, Path told, long entries) throws IOException, InterruptedException {
    Files.deleteIfExists(told);
    Process process = start(LOOK, store, told, entries);
    int status;
    try {
      status = process.waitFor();
    } finally {
      process.destroyForcibly();
    }
    if (!Files.exists(told)) {
      // Native code can take the JVM with it: that is an answer too.
      return new Found(0, 0, "the process ended with " + status);
    }
    List<String> lines = Files.readAllLines(told);
    return new Found(Long.parseLong(lines.get(0)), Long.parseLong(lines.get(1)), lines.get(2));
  }

  private Process start(String task, Path store, Path told, long entries) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(StoreProcess.class.getName());
    command.addAll(List.of(task, store.toString(), told.toString(), String.valueOf(entries)));
    command.addAll(
        List.of(
            product.name(),
            String.valueOf(settings.entries()),
            String.valueOf(settings.memoryBytes()),
            String.valueOf(settings.memtableBytes()),
            String.valueOf(settings.compressed()),
            String.valueOf(settings.filterBits()),
            String.valueOf(settings.synced()),
            String.valueOf(seed)));
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /// Does what the arguments say; [#start] makes them.
  ///
  /// @throws IOException when the answer cannot be written
  public static void main(String[] args) throws IOException, InterruptedException {
    Settings settings =
        new Settings(
            Long.parseLong(args[5]),
            Long.parseLong(args[6]),
            Long.parseLong(args[7]),
            Boolean.parseBoolean(args[8]),
            Integer.parseInt(args[9]),
            Boolean.parseBoolean(args[10]));
    StoreProcess process =
        new StoreProcess(Products.find(args[4]), settings, List.of(), Long.parseLong(args[11]));
    Path store = Path.of(args[1]);
    Path told = Path.of(args[2]);
    long entries = Long.parseLong(args[3]);
    if (args[0].equals(PUT)) {
      process.putUntilKilled(store, told, entries);
    } else {
      process.lookHere(store, told, entries);
    }
    // Some products leave threads behind that would keep the process.
    System.exit(0);
  }

  private void putUntilKilled(Path directory, Path told, long entries)
      throws IOException, InterruptedException {
    Keys keys = new Keys(seed, 0);
    StoreValues values = new StoreValues();
    ByteBuffer number = ByteBuffer.allocateDirect(Long.BYTES);
    try (MeasuredStore store = product.open(directory, settings);
        FileChannel file =
            FileChannel.open(told, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long i = 0; i < entries; i++) {
        store.put(keys.of(i), values.of(i, 0));
        // One write of eight bytes: what the kill leaves in the file is one number or the next.
        int _ = file.write(number.clear().putLong(0, i + 1), 0);
      }
      Thread.sleep(TimeUnit.SECONDS.toMillis(WAIT_SECONDS));
    }
  }

  private void lookHere(Path directory, Path told, long entries) throws IOException {
    Keys keys = new Keys(seed, 0);
    StoreValues values = new StoreValues();
    long openNanos = 0;
    long found = 0;
    String failure = "";
    long begun = System.nanoTime();
    try (MeasuredStore store = product.open(directory, settings)) {
      byte @Nullable [] first = store.get(keys.of(0));
      openNanos = System.nanoTime() - begun;
      for (long i = 0; i < entries; i++) {
        byte @Nullable [] value = i == 0 ? first : store.get(keys.of(i));
        if (value != null && StoreValues.number(value) == i && values.isWhole(value)) {
          found++;
        }
      }
    } catch (RuntimeException | LinkageError e) {
      failure = String.valueOf(e).lines().findFirst().orElse("");
    }
    Path _ = Files.write(told, List.of(String.valueOf(openNanos), String.valueOf(found), failure));
  }
}
