package dev.varve.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineFixture;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a reader of the newest state finds when commits become visible while it looks.
final class VisibleRevisionTest {
  private static final byte[] KEY = b("key");

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String read(EngineFixture fixture) {
    byte[] value = fixture.engine.get(KEY, Engine.LATEST);
    assertNotNull(value, "the key has a value before and after every commit");
    return new String(value, StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void no_reader_sees_what_a_batch_writes_over_itself(EngineKind kind) {
    EngineFixture fixture = new EngineFixture(kind, MemoryEngine::of);
    fixture.put(KEY, b("old")).commit();
    long sequence =
        fixture.deleteRange(KeyRange.all()).put(KEY, b("half")).put(KEY, b("new")).apply();
    for (int looks = 1; looks <= 6; looks++) {
      fixture.publish(sequence - 1);
      fixture.afterLooks(looks, () -> fixture.publish(sequence));
      assertFalse(read(fixture).equals("half"), "seen after " + looks + " looks");
      fixture.afterLooks(0, () -> {});
      fixture.publish(sequence - 1);
      fixture.afterLooks(looks, () -> fixture.publish(sequence));
      assertEquals(true, fixture.engine.contains(KEY, Engine.LATEST));
      fixture.afterLooks(0, () -> {});
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void no_reader_sees_a_batch_that_was_being_applied_when_it_looked(EngineKind kind) {
    for (int looks = 1; looks <= 6; looks++) {
      EngineFixture fixture = new EngineFixture(kind, MemoryEngine::of);
      fixture.put(KEY, b("old")).commit();
      long sequence = fixture.put(KEY, b("half")).apply();
      fixture.beforeLooks(
          looks,
          () -> {
            assertEquals(sequence, fixture.put(KEY, b("new")).apply());
            fixture.publish(sequence);
          });
      assertFalse(read(fixture).equals("half"), "seen before look " + looks);
    }
  }

  /** A pin far back has older revisions be kept, and those between be given back. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void no_reader_falls_back_behind_what_was_visible_when_it_began(EngineKind kind) {
    for (int looks = 1; looks <= 6; looks++) {
      EngineFixture fixture = new EngineFixture(kind, MemoryEngine::of);
      fixture.put(KEY, b("ancient")).commit();
      fixture.pin();
      for (int i = 0; i < 100; i++) {
        fixture.put(b("other"), b("" + i)).commit();
      }
      fixture.put(KEY, b("current")).commit();
      long next = fixture.put(KEY, b("next")).apply();
      fixture.afterLooks(
          looks,
          () -> {
            fixture.publish(next);
            for (int i = 0; i < 100; i++) {
              fixture.put(b("other"), b("" + i)).commit();
            }
          });
      assertFalse(read(fixture).equals("ancient"), "seen after " + looks + " looks");
    }
  }

  @Test
  void no_key_is_before_the_first() {
    EngineFixture fixture = new EngineFixture(EngineKind.RBTREE, MemoryEngine::of);
    fixture.put(KEY, b("value")).commit();
    long pin = fixture.pin();
    assertFalse(fixture.engine.cursor(KeyRange.all(), pin).seekForPrevious(new byte[0]));
  }
}
