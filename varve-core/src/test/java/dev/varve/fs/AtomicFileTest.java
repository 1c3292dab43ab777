package dev.varve.fs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AtomicFileTest {
  private static final Path DIRECTORY = Path.of("/memory");
  private static final Path FILE = DIRECTORY.resolve("FILE");
  private static final Path TEMPORARY = DIRECTORY.resolve("FILE.tmp");

  private final MemoryFileSystem memory = new MemoryFileSystem();
  private final FaultFileSystem faulty = new FaultFileSystem(memory);

  private void write(int content) throws IOException {
    try (AtomicFile file = AtomicFile.begin(faulty, FILE, TEMPORARY)) {
      file.append(new byte[] {(byte) content}, 0, 1);
      file.commit();
    }
  }

  private IOException failing(FileOperation.Kind kind) throws IOException {
    memory.createDirectories(DIRECTORY);
    write(1);
    FaultFileSystem _ =
        faulty.with(
            FaultRule.when(FaultRule.kind(kind)).then(new Fault.Refused(Fault.Errno.ENOSPC)));
    IOException failure = assertThrows(IOException.class, () -> write(2));
    faulty.heal();
    return failure;
  }

  @Test
  void without_space_the_old_file_stays_and_nothing_is_left_beside_it() throws IOException {
    for (FileOperation.Kind kind :
        List.of(
            FileOperation.Kind.CREATE,
            FileOperation.Kind.WRITE,
            FileOperation.Kind.SYNC,
            FileOperation.Kind.RENAME)) {
      assertEquals(NoSpaceException.class, failing(kind).getClass(), kind.toString());
      assertArrayEquals(new byte[] {1}, memory.bytes(FILE));
      assertEquals(List.of("FILE"), memory.list(DIRECTORY));
    }
  }

  @Test
  void a_directory_that_cannot_be_synced_is_no_full_disk_since_the_file_has_its_name()
      throws IOException {
    IOException failure = failing(FileOperation.Kind.SYNC_DIRECTORY);
    assertFalse(failure instanceof NoSpaceException, failure.toString());
    assertArrayEquals(new byte[] {2}, memory.bytes(FILE));
  }
}
