package dev.varve.model;

import dev.varve.kv.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/// The keys and values of a list that is drawn. Keys come from a set of some hundred, so that
/// operations meet; how they follow each other changes from section to section. No two values are
/// equal.
///
/// @threads one at a time
final class DrawnBytes {
  /** How keys follow each other. */
  private enum Order {
    /** Each as likely as every other. */
    ANY,
    /** A few again and again. */
    HOT,
    /** One behind the other. */
    ASCENDING,
    DESCENDING,
    /** Not far from the last one. */
    NEAR
  }

  private static final int KEYS_MIN = 16;
  private static final int KEYS_MAX = 600;
  private static final int OPERATIONS_PER_KEY = 30;
  private static final int HOT_KEYS = 5;

  private final SplittableRandom random;
  private final byte[][] keys;
  private Order order = Order.ANY;
  private int last;
  private int number;

  /// @param operations how long the list is
  DrawnBytes(SplittableRandom random, int operations) {
    this.random = random;
    this.keys = new byte[Math.clamp(operations / OPERATIONS_PER_KEY, KEYS_MIN, KEYS_MAX)][];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = make(i);
    }
    Arrays.sort(keys, Arrays::compareUnsigned);
  }

  private boolean oneIn(int count) {
    return random.nextInt(count) == 0;
  }

  private byte[] make(int i) {
    return switch (random.nextInt(16)) {
      case 0 -> BytesText.repeated(ascii("long " + i + "/"), 60 + random.nextInt(400));
      case 1 -> new byte[] {(byte) random.nextInt()};
      case 2 -> new byte[] {0, (byte) i, (byte) (i >> 8)};
      case 3 -> new byte[] {(byte) 0xFF, (byte) 0xFF, (byte) i, (byte) (i >> 8)};
      case 4 -> ascii("k" + i / 4);
      case 5, 6, 7, 8 -> ascii(String.format("user/%08d", i));
      default -> ascii(String.format("k%04d", i));
    };
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  void beginSection() {
    Order[] orders = Order.values();
    order = orders[random.nextInt(orders.length)];
  }

  /// A key to write to or to ask for, now and then one that cannot be.
  byte[] key() {
    return switch (random.nextInt(400)) {
      case 0 -> new byte[0];
      case 1 -> BytesText.repeated(ascii("z"), Limits.KEY_BYTES_MAX + 1);
      case 2 -> BytesText.repeated(ascii("z"), Limits.KEY_BYTES_MAX);
      case 3, 4, 5, 6, 7, 8 -> near(known());
      default -> known();
    };
  }

  /// As [#key], but hardly ever one that cannot be: many are refused together.
  byte[] keyOfBatch() {
    return oneIn(40) ? key() : known();
  }

  /// A key for a counter.
  byte[] counter() {
    return oneIn(6) ? key() : ascii("n" + random.nextInt(8));
  }

  private byte[] known() {
    last =
        switch (order) {
          case ANY -> random.nextInt(keys.length);
          case HOT -> oneIn(8) ? random.nextInt(keys.length) : random.nextInt(HOT_KEYS);
          case ASCENDING -> (last + 1) % keys.length;
          case DESCENDING -> (last + keys.length - 1) % keys.length;
          case NEAR -> Math.floorMod(last + random.nextInt(-4, 5), keys.length);
        };
    return keys[last];
  }

  /// A key not far from another one, which may be in nobody's set.
  byte[] near(byte[] key) {
    if (key.length == 0 || key.length >= Limits.KEY_BYTES_MAX) {
      return known();
    }
    return switch (random.nextInt(5)) {
      case 0 -> Arrays.copyOf(key, key.length + 1);
      case 1 -> key.length > 1 ? Arrays.copyOf(key, key.length - 1) : key;
      case 2 -> {
        byte[] next = key.clone();
        next[next.length - 1]++;
        yield next;
      }
      default -> {
        int at = Arrays.binarySearch(keys, key, Arrays::compareUnsigned);
        int from = at < 0 ? -at - 1 : at;
        yield keys[Math.clamp(from + random.nextInt(12), 0, keys.length - 1)];
      }
    };
  }

  /// An end of a range or where to seek: any bytes will do.
  byte[] end() {
    return oneIn(60) ? new byte[0] : oneIn(3) ? near(known()) : known();
  }

  /// What some keys begin with.
  byte[] prefix() {
    byte[] key = known();
    return Arrays.copyOf(key, random.nextInt(key.length + 1));
  }

  /// A value of some bytes.
  byte[] shortValue() {
    return ascii("v" + number++);
  }

  /// A value: mostly short, now and then of as many bytes as blocks, segments or blob files have.
  byte[] value() {
    int choice = random.nextInt(100);
    int length;
    if (choice < 40) {
      return choice == 0 ? new byte[0] : shortValue();
    } else if (choice < 85) {
      length = 10 + random.nextInt(200);
    } else if (choice < 97) {
      length = 200 + random.nextInt(800);
    } else {
      length = oneIn(8) ? 20_000 : 4_096;
    }
    return random.nextBoolean()
        ? BytesText.random(number++, length)
        : BytesText.repeated(ascii("v" + number++ + "/"), length);
  }
}
