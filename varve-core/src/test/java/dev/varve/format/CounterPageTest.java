package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.Varve;
import dev.varve.kv.Counter;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The page of counters says what they are, as [FormatPagesTest] has it for the others.
final class CounterPageTest {
  @Test
  void counters_are_as_their_page_says() {
    FormatPage page = FormatPage.read("counter");
    assertEquals(List.of(8), page.sizes(0));
    assertEquals(List.of("counter", "below"), page.examples());
    check("counter", 259);
    check("below", -2);
  }

  private static void check(String name, long number) {
    byte[] key = {1};
    try (Store store = Varve.inMemory()) {
      Keyspace keyspace = store.keyspace("counters");
      keyspace.counter(key).increment(number);
      FormatPagesTest.requireWritten(
          "counter",
          name,
          keyspace.get(key),
          example -> example.raw("number " + number, Long.BYTES));
      byte[] bytes = FormatPage.read("counter").bytes(name);
      assertEquals(number, ByteBuffer.wrap(bytes).getLong(), "the JDK's own order");
      assertEquals(number, Counter.decode(bytes));
      keyspace.put(key, bytes);
      assertEquals(number, keyspace.counter(key).get());
    }
  }
}
