package dev.varve.bench.peers;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.bench.OrderedStore;
import dev.varve.bench.Product.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.Txn;

/// An environment of LMDB with one database, set up as its documentation advises for speed.
///
/// What is set, and where it is advised:
/// - `MDB_NOSYNC`, alone and with `MDB_WRITEMAP`: "LMDB API", `mdb_env_open`. Both leave a commit
///   with the operating system, so that a kill of the process loses nothing. Alone it keeps the
///   order of pages and meta page where the file system does; with the map it is faster by its
///   documentation and says nothing of the state after a power cut, so both are measured;
/// - read transactions reset and renewed, and cursors renewed, rather than made anew: "LMDB API",
///   `mdb_txn_renew`, `mdb_cursor_renew`;
/// - `MDB_NOTLS`, so that a thread may have a transaction for gets and one for a walk;
/// - direct buffers that are used again, addressed through `Unsafe` (`PROXY_OPTIMAL`): README of
///   lmdbjava.
///
/// @threads as [OrderedStore]
final class LmdbStore implements OrderedStore {
  private static final long MAP_BYTES_MIN = 4L << 30;
  private static final long MAP_BYTES_EACH = 1024;
  private static final int KEY_BYTES_MAX = 511;
  private static final int VALUE_BYTES_MAX = 4096;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> dbi;
  private final ThreadLocal<Buffers> buffers = ThreadLocal.withInitial(Buffers::new);
  private final ThreadLocal<Txn<ByteBuffer>> reading = ThreadLocal.withInitial(this::reader);
  private final List<Txn<ByteBuffer>> readers = new CopyOnWriteArrayList<>();
  private final Queue<LmdbWalk> walks = new ConcurrentLinkedQueue<>();

  /** What a thread hands keys and values over in. */
  private static final class Buffers {
    private final ByteBuffer key = ByteBuffer.allocateDirect(KEY_BYTES_MAX);
    private final ByteBuffer value = ByteBuffer.allocateDirect(VALUE_BYTES_MAX);

    ByteBuffer key(byte[] bytes) {
      return key.clear().put(bytes).flip();
    }

    ByteBuffer value(byte[] bytes) {
      return value.clear().put(bytes).flip();
    }
  }

  LmdbStore(Path directory, Settings settings, boolean writeMap) {
    List<EnvFlags> flags = new ArrayList<>(List.of(EnvFlags.MDB_NOTLS));
    if (!settings.synced()) {
      flags.add(EnvFlags.MDB_NOSYNC);
    }
    if (writeMap) {
      flags.add(EnvFlags.MDB_WRITEMAP);
    }
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    env =
        Env.create()
            .setMapSize(Math.max(MAP_BYTES_MIN, settings.entries() * MAP_BYTES_EACH))
            .open(directory.toFile(), flags.toArray(EnvFlags[]::new));
    dbi = env.openDbi("bench".getBytes(UTF_8), DbiFlags.MDB_CREATE);
  }

  private Txn<ByteBuffer> reader() {
    Txn<ByteBuffer> txn = env.txnRead();
    txn.reset();
    readers.add(txn);
    return txn;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    Buffers own = buffers.get();
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      boolean _ = dbi.put(txn, own.key(key), own.value(value));
      txn.commit();
    }
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    Buffers own = buffers.get();
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      for (int i = 0; i < keys.length; i++) {
        boolean _ = dbi.put(txn, own.key(keys[i]), own.value(values[i]));
      }
      txn.commit();
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    Txn<ByteBuffer> txn = reading.get();
    txn.renew();
    try {
      ByteBuffer found = dbi.get(txn, buffers.get().key(key));
      return found == null ? null : copy(found);
    } finally {
      txn.reset();
    }
  }

  private static byte[] copy(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Override
  public Walk walk() {
    LmdbWalk walk = walks.poll();
    if (walk == null) {
      Txn<ByteBuffer> txn = env.txnRead();
      return new LmdbWalk(txn, dbi.openCursor(txn), new Buffers(), walks);
    }
    walk.txn.renew();
    walk.cursor.renew(walk.txn);
    return walk;
  }

  @Override
  public void flush() {
    env.sync(true);
  }

  @Override
  public void close() {
    walks.forEach(LmdbWalk::end);
    readers.forEach(Txn::close);
    env.close();
  }

  /** A cursor with its transaction, which go back when it is closed. */
  private record LmdbWalk(
      Txn<ByteBuffer> txn, Cursor<ByteBuffer> cursor, Buffers buffers, Queue<LmdbWalk> unused)
      implements Walk {
    @Override
    public boolean first() {
      return cursor.first();
    }

    @Override
    public boolean last() {
      return cursor.last();
    }

    @Override
    public boolean seek(byte[] key) {
      return cursor.get(buffers.key(key), GetOp.MDB_SET_RANGE);
    }

    @Override
    public boolean next() {
      return cursor.next();
    }

    @Override
    public boolean previous() {
      return cursor.prev();
    }

    @Override
    public byte[] key() {
      return copy(cursor.key());
    }

    @Override
    public byte[] value() {
      return copy(cursor.val());
    }

    @Override
    public void close() {
      txn.reset();
      boolean _ = unused.add(this);
    }

    void end() {
      cursor.close();
      txn.close();
    }
  }
}
