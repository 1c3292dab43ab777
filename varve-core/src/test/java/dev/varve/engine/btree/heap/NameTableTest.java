package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.varve.format.StoreId;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class NameTableTest {
  private static StoredObject object(int name) {
    ObjectKind kind = name % 2 == 0 ? ObjectKind.LEAF : ObjectKind.VALUE;
    byte[] bytes = ByteBuffer.allocate(8).putInt(name / 2).array();
    return new StoredObject(kind, bytes, 0, 1, new int[] {64, 0}, StoredObject.State.LIVE);
  }

  @Test
  void it_finds_what_a_map_finds() {
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 4));
    AtomicLong memory = new AtomicLong();
    NameTable table = new NameTable(new StoreId(1, 2), memory::addAndGet);
    Map<Integer, StoredObject> expected = new HashMap<>();
    for (int step = 0; step < 200_000; step++) {
      int name = random.nextInt(step < 100_000 ? 3000 : 300);
      StoredObject like = object(name);
      assertSame(expected.get(name), table.find(like));
      if (random.nextInt(2) == 0) {
        assertSame(expected.put(name, like), table.put(like));
      } else {
        expected.remove(name);
        table.remove(like);
      }
      assertEquals(expected.size(), table.count());
    }
    assertEquals(memory.get(), table.memoryBytes());
    expected.forEach((name, object) -> assertSame(object, table.find(object(name))));
  }
}
