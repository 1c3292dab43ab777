package dev.varve.store;

import java.lang.ref.Cleaner;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Notices handles that were forgotten, gives back what they held, and says where they were opened.
///
/// @threads safe
final class LeakDetector {
  /** Frames of these packages are Varve's own, not the user's. */
  private static final List<String> OWN_PACKAGES = List.of("dev.varve.store.", "dev.varve.kv.");

  /** One thread for all stores of the process, made by the JDK and gone with this class. */
  private static final Cleaner CLEANER = Cleaner.create();

  private static final StackWalker WALKER = StackWalker.getInstance();

  private static final System.Logger LOGGER = System.getLogger("dev.varve");

  private final boolean placesKept;
  private final AtomicLong leaks = new AtomicLong();
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

  /// What a tracked object closes with.
  ///
  /// @threads safe
  static final class Handle {
    private final State state;
    private final Cleaner.Cleanable cleanable;

    private Handle(State state, Cleaner.Cleanable cleanable) {
      this.state = state;
      this.cleanable = cleanable;
    }

    /// Gives back what the object held, once.
    void close() {
      state.closed = true;
      cleanable.clean();
    }
  }

  /** What is left of an object when it is gone. Must not know the object. */
  private static final class State implements Runnable {
    private final LeakDetector detector;
    private final String what;
    private final StackWalker.@Nullable StackFrame place;
    private final Runnable release;
    private volatile boolean closed;

    State(
        LeakDetector detector,
        String what,
        StackWalker.@Nullable StackFrame place,
        Runnable release) {
      this.detector = detector;
      this.what = what;
      this.place = place;
      this.release = release;
    }

    @Override
    public void run() {
      if (!closed) {
        detector.leaked(what, place);
      }
      release.run();
    }
  }

  /// With or without the places where handles are opened.
  LeakDetector(boolean placesKept) {
    this.placesKept = placesKept;
  }

  /// Watches an object that must be closed.
  ///
  /// @param what what it is, for people
  /// @param release gives back what it holds; run once; must not know the object
  Handle track(Object object, String what, Runnable release) {
    State state = new State(this, what, placesKept ? place() : null, release);
    return new Handle(state, CLEANER.register(object, state));
  }

  /** The caller's frame. It is made a text when there is a leak, which takes longer than this. */
  private static StackWalker.@Nullable StackFrame place() {
    return WALKER.walk(
        frames -> {
          for (Iterator<StackWalker.StackFrame> all = frames.iterator(); all.hasNext(); ) {
            StackWalker.StackFrame frame = all.next();
            if (!isOwn(frame.getClassName())) {
              return frame;
            }
          }
          return null;
        });
  }

  private static boolean isOwn(String name) {
    for (String own : OWN_PACKAGES) {
      if (name.startsWith(own)) {
        return true;
      }
    }
    return false;
  }

  private void leaked(String what, StackWalker.@Nullable StackFrame place) {
    leaks.incrementAndGet();
    String message =
        what
            + " was forgotten without being closed"
            + (place == null ? "" : "; it was opened at " + place);
    if (listeners.isEmpty()) {
      LOGGER.log(System.Logger.Level.WARNING, message);
    }
    for (Consumer<String> listener : listeners) {
      listener.accept(message);
    }
  }

  void listen(Consumer<String> listener) {
    listeners.add(listener);
  }

  /// How many handles were forgotten.
  long count() {
    return leaks.get();
  }
}
