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
  /* To find the caller's frame takes as long as half of a short read with a cursor. So of what is
   * made often the place is kept of the first ones, then of one in so many, and of each again once
   * something was forgotten: what is forgotten again and again is found with its place, at the second
   * time for sure. */

  /** How many of the handles that are made often have their places kept before it is a sample. */
  private static final int PLACES_FIRST = 1_000;

  /** Of those that come behind, the place of one in 64 is kept. */
  private static final int SAMPLE_MASK = 63;

  /** Frames of these packages are Varve's own, not the user's. */
  private static final List<String> OWN_PACKAGES = List.of("dev.varve.store.", "dev.varve.kv.");

  /** One thread for all stores of the process, made by the JDK and gone with this class. */
  private static final Cleaner CLEANER = Cleaner.create();

  private static final StackWalker WALKER = StackWalker.getInstance();

  private static final System.Logger LOGGER = System.getLogger("dev.varve");

  private final boolean placesKept;
  private final AtomicLong leaks = new AtomicLong();

  /* How many were made of those that are made often, of the first ones and since the last sample. A
   * count that is lost between two threads does no harm. */
  private int often;
  private int sampled;
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
    return track(object, what, placesKept ? place() : null, release);
  }

  /// As [#track], for what is made often: the place is not kept of each.
  Handle trackOften(Object object, String what, Runnable release) {
    return track(object, what, placesKept && isNoted() ? place() : null, release);
  }

  private Handle track(
      Object object, String what, StackWalker.@Nullable StackFrame place, Runnable release) {
    State state = new State(this, what, place, release);
    return new Handle(state, CLEANER.register(object, state));
  }

  private boolean isNoted() {
    int before = often;
    if (before < PLACES_FIRST) {
      often = before + 1;
      return true;
    }
    int sample = sampled + 1 & SAMPLE_MASK;
    sampled = sample;
    return sample == 0 || leaks.get() > 0;
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
    String unknown =
        placesKept ? "; where it was opened was not noted: of each that is opened now, it is" : "";
    String message =
        what
            + " was forgotten without being closed"
            + (place == null ? unknown : "; it was opened at " + place);
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
