package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineFixture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Leaves that are made anew.
final class LeafRebuildTest {
  private static byte[] longKey(int last) {
    byte[] key = new byte[140];
    Arrays.fill(key, (byte) 'k');
    key[139] = (byte) last;
    return key;
  }

  /// Each of them has the longer part of the key by itself.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 40})
  void revisions_have_room_where_the_prefix_gets_shorter(int revisions) {
    EngineFixture f = BtreeFixture.engine(64);
    // Both have so much in common that it is written once, when the leaf is made anew.
    f.put(longKey('a'), new byte[300]).commit();
    f.put(longKey('b'), new byte[200]).commit();
    f.delete(longKey('a')).commit();
    f.put(longKey('a'), new byte[90]).commit();
    List<Long> pins = new ArrayList<>();
    for (int i = 1; i <= revisions; i++) {
      f.put(longKey('b'), new byte[] {(byte) i}).commit();
      pins.add(f.pin());
    }
    f.put(new byte[] {'z'}, new byte[1]).commit();
    assertEquals(List.of(), f.engine.validate());
    for (int i = 1; i <= revisions; i++) {
      assertArrayEquals(new byte[] {(byte) i}, f.engine.get(longKey('b'), pins.get(i - 1)));
    }
    assertArrayEquals(new byte[90], f.engine.get(longKey('a'), Engine.LATEST));
    assertArrayEquals(new byte[1], f.engine.get(new byte[] {'z'}, Engine.LATEST));
    f.engine.close();
  }
}
