package dev.varve.store;

import dev.varve.engine.EngineCursor;
import dev.varve.kv.Cursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.StoreClosedException;
import java.util.NoSuchElementException;

/// A cursor of an open store.
///
/// @threads one at a time
final class StoreCursor implements Cursor {
  private final EngineView view;
  private final EngineCursor cursor;
  private final LeakDetector.Handle handle;
  private boolean valid;
  private boolean closed;

  private StoreCursor(EngineView view, EngineCursor cursor, Moments.Pin pin) {
    this.view = view;
    this.cursor = cursor;
    this.handle =
        view.store()
            .leaks()
            .trackOften(
                this,
                "a cursor",
                () -> {
                  cursor.close();
                  pin.close();
                });
  }

  static StoreCursor open(EngineView view, KeyRange range) {
    Moments.Pin pin = view.pin();
    try {
      return new StoreCursor(view, view.walk(range, pin.sequence()), pin);
    } catch (Throwable failure) {
      pin.close();
      throw failure;
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new StoreClosedException("the cursor is closed; make a new one");
    }
    view.requireReadable();
  }

  private void requireOrder(String call) {
    requireOpen();
    view.requireOrder(call);
  }

  private void requireEntry() {
    requireOpen();
    if (!valid) {
      throw new NoSuchElementException(
          "the cursor stands on no entry; seek first, and ask isValid after each move");
    }
  }

  private boolean stand(boolean found) {
    valid = found;
    return found;
  }

  @Override
  public boolean seekToFirst() {
    requireOpen();
    return stand(cursor.seekToFirst());
  }

  @Override
  public boolean seekToLast() {
    requireOrder("seekToLast");
    return stand(cursor.seekToLast());
  }

  @Override
  public boolean seek(byte[] key) {
    requireOrder("seek");
    return stand(cursor.seek(key));
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    requireOrder("seekForPrevious");
    return stand(cursor.seekForPrevious(key));
  }

  @Override
  public boolean next() {
    requireEntry();
    return stand(cursor.next());
  }

  @Override
  public boolean previous() {
    requireOrder("previous");
    requireEntry();
    return stand(cursor.previous());
  }

  @Override
  public boolean isValid() {
    requireOpen();
    return valid;
  }

  @Override
  public byte[] key() {
    requireEntry();
    return cursor.key();
  }

  @Override
  public byte[] value() {
    requireEntry();
    return cursor.value();
  }

  @Override
  public long valueSize() {
    requireEntry();
    return cursor.valueSize();
  }

  @Override
  public void close() {
    closed = true;
    handle.close();
  }
}
