package dev.varve.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// A peer for tests: a map that is written to a file when it is closed, so that it loses everything
/// to a kill.
public final class BufferedPeer implements Peer {
  static final String NAME = "Buffered";

  /// Made by [java.util.ServiceLoader].
  public BufferedPeer() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Trait> traits() {
    return EnumSet.of(Trait.ORDERED, Trait.CONCURRENT, Trait.KEEPS);
  }

  @Override
  public String about() {
    return "writes when it is closed";
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return new BufferedStore(directory.resolve("entries"));
  }

  private static final class BufferedStore implements OrderedStore {
    private final ConcurrentNavigableMap<byte[], byte[]> map =
        new ConcurrentSkipListMap<>(Arrays::compareUnsigned);
    private final Path file;

    BufferedStore(Path file) {
      this.file = file;
      try {
        Files.createDirectories(file.getParent());
        if (Files.exists(file)) {
          read();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void read() throws IOException {
      try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
        for (int left = in.readInt(); left > 0; left--) {
          map.put(in.readNBytes(in.readInt()), in.readNBytes(in.readInt()));
        }
      }
    }

    @Override
    public void put(byte[] key, byte[] value) {
      map.put(key.clone(), value.clone());
    }

    @Override
    public void putAll(byte[][] keys, byte[][] values) {
      for (int i = 0; i < keys.length; i++) {
        put(keys[i], values[i]);
      }
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
      byte[] value = map.get(key);
      return value == null ? null : value.clone();
    }

    @Override
    public Walk walk() {
      return new DirectedWalk(
          (from, forward) -> {
            ConcurrentNavigableMap<byte[], byte[]> directed = forward ? map : map.descendingMap();
            ConcurrentNavigableMap<byte[], byte[]> rest =
                from == null ? directed : directed.tailMap(from, true);
            return new Steps(rest.entrySet().iterator());
          });
    }

    @Override
    public void flush() {
      // Not before it is closed.
    }

    @Override
    public void close() {
      try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
        out.writeInt(map.size());
        for (Map.Entry<byte[], byte[]> entry : map.entrySet()) {
          out.writeInt(entry.getKey().length);
          out.write(entry.getKey());
          out.writeInt(entry.getValue().length);
          out.write(entry.getValue());
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class Steps implements DirectedWalk.Steps {
    private final Iterator<Map.Entry<byte[], byte[]>> entries;
    private Map.Entry<byte[], byte[]> entry;

    Steps(Iterator<Map.Entry<byte[], byte[]>> entries) {
      this.entries = entries;
    }

    @Override
    public boolean advance() {
      if (!entries.hasNext()) {
        return false;
      }
      entry = entries.next();
      return true;
    }

    @Override
    public byte[] key() {
      return entry.getKey();
    }

    @Override
    public byte[] value() {
      return entry.getValue();
    }
  }
}
