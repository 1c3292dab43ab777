package dev.varve.fs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.FileOperation.Kind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FaultFileSystemTest extends FileSystemContract {
  private static final Path DIRECTORY = Path.of("/memory/store");

  @Override
  protected FileSystem fileSystem() {
    return new FaultFileSystem(prepared());
  }

  @Override
  protected Path directory() {
    return DIRECTORY;
  }

  private static MemoryFileSystem prepared() {
    MemoryFileSystem fs = new MemoryFileSystem();
    try {
      fs.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return fs;
  }

  private static MemorySegment bytes(int... values) {
    byte[] array = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      array[i] = (byte) values[i];
    }
    return MemorySegment.ofArray(array);
  }

  private static Path path(String name) {
    return DIRECTORY.resolve(name);
  }

  @Test
  void the_nth_operation_fails_with_the_error_asked_for() throws IOException {
    for (Fault.Errno error : Fault.Errno.values()) {
      FaultFileSystem fs =
          new FaultFileSystem(prepared())
              .with(FaultRule.when(FaultRule.index(1)).then(new Fault.Refused(error)));
      StoreFile a = fs.create(path("a"));
      IOException e = assertThrows(IOException.class, () -> a.write(0, bytes(1)));
      switch (error) {
        case ENOSPC -> assertInstanceOf(NoSpaceException.class, e);
        case EACCES -> assertInstanceOf(AccessDeniedException.class, e);
        case EIO, EMFILE -> assertTrue(e.toString().contains("injected"), e.toString());
      }
      a.write(0, bytes(1));
      assertEquals(3, fs.operationCount());
      a.close();
    }
  }

  @Test
  void transfers_are_cut_short() throws IOException {
    MemoryFileSystem memory = prepared();
    FaultFileSystem fs = new FaultFileSystem(memory);
    StoreFile a = fs.create(path("a"));
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.WRITE, Kind.READ))
            .times(2)
            .then(new Fault.CutShort(2, Fault.Errno.EIO)));
    assertThrows(IOException.class, () -> a.write(0, bytes(1, 2, 3, 4)));
    assertArrayEquals(new byte[] {1, 2}, memory.bytes(path("a")));
    byte[] target = new byte[2];
    assertThrows(IOException.class, () -> a.read(0, MemorySegment.ofArray(target)));
    a.write(0, bytes(1, 2, 3, 4));
    assertArrayEquals(new byte[] {1, 2, 3, 4}, memory.bytes(path("a")));
    a.close();
  }

  @Test
  void bits_flip_on_the_way_in_and_out() throws IOException {
    MemoryFileSystem memory = prepared();
    FaultFileSystem fs = new FaultFileSystem(memory);
    StoreFile a = fs.create(path("a"));
    fs.with(FaultRule.when(FaultRule.kind(Kind.WRITE)).times(1).then(new Fault.BitFlip(1)));
    a.write(0, bytes(0, 0, 0));
    assertArrayEquals(new byte[] {0, 1, 0}, memory.bytes(path("a")));
    fs.heal();
    fs.with(
        FaultRule.when(FaultRule.path("a").and(FaultRule.kind(Kind.READ)))
            .then(new Fault.BitFlip(2)));
    byte[] target = new byte[3];
    a.read(0, MemorySegment.ofArray(target));
    assertArrayEquals(new byte[] {0, 1, 1}, target);
    a.close();
  }

  @Test
  void rules_print_themselves_and_chances_repeat() {
    FaultRule rule =
        FaultRule.when(
                FaultRule.changes().and(FaultRule.path(".*log").negate()).or(FaultRule.from(9)))
            .times(3)
            .then(new Fault.Slow(Duration.ofMillis(5)));
    assertEquals(
        "[when (((changes and not path .*log) or from #9) and first 3) then Slow[delay=PT0.005S]]",
        FaultRule.describe(rule));
    assertEquals(luck(5), luck(5));
    assertTrue(!luck(5).equals(luck(6)));
  }

  private static List<Boolean> luck(long seed) {
    FaultRule rule =
        FaultRule.when(FaultRule.chance(0.5, seed)).then(new Fault.Refused(Fault.Errno.EIO));
    List<Boolean> luck = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      luck.add(rule.decide(new FileOperation(i, Kind.READ, path("a"), 0, 0)) != null);
    }
    return luck;
  }

  @Test
  void slow_operations_take_their_time() throws IOException {
    FaultFileSystem fs =
        new FaultFileSystem(prepared())
            .with(
                FaultRule.when(FaultRule.kind(Kind.CREATE))
                    .then(new Fault.Slow(Duration.ofMillis(20))));
    long begin = System.nanoTime();
    fs.create(path("a")).close();
    assertTrue(System.nanoTime() - begin >= 20_000_000L);
  }

  @Test
  void an_observer_sees_each_operation_before_it_happens() throws IOException {
    List<String> seen = new ArrayList<>();
    MemoryFileSystem memory = prepared();
    FaultFileSystem fs =
        new FaultFileSystem(memory, op -> seen.add(op.kind() + " " + memory.exists(path("a"))));
    fs.create(path("a")).close();
    fs.rename(path("a"), path("b"));
    assertEquals(List.of("CREATE false", "RENAME true"), seen);
  }
}
