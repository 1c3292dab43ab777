package dev.varve.store;

import java.lang.ref.Cleaner;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// Notices handles that were forgotten, gives back what they held, and says where they were opened.
///
/// @threads safe
final class LeakDetector {
  /** Frames of these packages are Varve's own, not the user's. */
  private static final List<String> OWN_PACKAGES = List.of("dev.varve.store.", "dev.varve.kv.");

  /** One thread for all stores of the process, made by the JDK and gone with this class. */
  private static final Cleaner CLEANER = Cleaner.create();

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
    private final String place;
    private final Runnable release;
    private volatile boolean closed;

    State(LeakDetector detector, String what, String place, Runnable release) {
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
    State state = new State(this, what, placesKept ? place() : "", release);
    return new Handle(state, CLEANER.register(object, state));
  }

  private static String place() {
    return StackWalker.getInstance()
        .walk(
            frames ->
                frames
                    .filter(
                        frame -> OWN_PACKAGES.stream().noneMatch(frame.getClassName()::startsWith))
                    .findFirst()
                    .map(Object::toString)
                    .orElse("an unknown place"));
  }

  private void leaked(String what, String place) {
    leaks.incrementAndGet();
    String message =
        what
            + " was forgotten without being closed"
            + (place.isEmpty() ? "" : "; it was opened at " + place);
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
