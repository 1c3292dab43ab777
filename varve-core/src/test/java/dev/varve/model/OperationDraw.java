package dev.varve.model;

import dev.varve.fs.CrashImage;
import dev.varve.kv.Durability;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Draws a list of operations from a seed: the same seed gives the same list.
///
/// A list has sections of some hundred operations, and each section has kinds of operations that it
/// is full of and others that it lacks: some things only go wrong where something else does not
/// happen for a while.
///
/// @threads one at a time
/// @source Groce, Zhang, Eide, Chen, Regehr, Swarm testing, ISSTA 2012: there whole runs lack
///   kinds, here sections of one
public final class OperationDraw {
  /** How often each kind comes where nothing is said: these of their sum. */
  private enum Kind {
    PUT(230),
    DELETE(60),
    BATCH(60),
    DISTINCT(10),
    LOAD(18),
    ABANDON(3),
    PUT_IF_ABSENT(20),
    SWAP(40),
    REPLACE(20),
    REMOVE(25),
    UPDATE(30),
    INCREMENT(25),
    POP(20),
    DELETE_RANGE(20),
    GET(60),
    CONTAINS(15),
    GET_ALL(20),
    END(30),
    NEIGHBOUR(30),
    COUNT(15),
    EMPTY(3),
    ENTRIES(20),
    OPEN_SNAPSHOT(10),
    CLOSE_SNAPSHOT(5),
    OPEN_CURSOR(25),
    CLOSE_CURSOR(8),
    SEEK(60),
    ADVANCE(90),
    LOOK(10),
    HOLD(3),
    CHECK(3),
    SYNC(6),
    FLUSH(12),
    IDLE(12),
    COMPACT(5),
    VERIFY(2),
    EVERYTHING(2),
    KEYSPACE(10),
    REOPEN(5),
    KILL(4),
    CUT(4);

    private static final List<Kind> ALL = List.of(values());

    private final int weight;

    Kind(int weight) {
      this.weight = weight;
    }
  }

  private static final double[] FACTORS = {0, 0.2, 1, 1, 1, 4};
  private static final int SECTION_MIN = 60;
  private static final int SECTION_MORE = 300;

  /** The keyspaces, those with the most to do several times. */
  private static final List<String> NAMES = List.of("a", "a", "a", "a", "b", "b", "b", "c", "d d");

  private static final int SNAPSHOTS = 4;
  private static final int CURSORS = 6;

  private final SplittableRandom random;
  private final boolean ordered;
  private final DrawnBytes bytes;
  private final List<Operation> operations = new ArrayList<>();

  /** Knows what there is, so that questions are about it. */
  private final ModelRun model;

  private final Map<Kind, Double> weights = new EnumMap<>(Kind.class);
  private double weight;
  private int sectionEnd;

  private OperationDraw(long seed, int count, boolean ordered) {
    this.random = new SplittableRandom(seed);
    this.ordered = ordered;
    this.bytes = new DrawnBytes(random, count);
    this.model = new ModelRun(name -> ordered);
  }

  /// Draws a list of `count` operations.
  ///
  /// @param ordered whether the engine has the calls that need order; they are made now and then
  ///   all the same
  public static OperationList draw(long seed, int count, boolean ordered) {
    return OperationList.of(new OperationDraw(seed, count, ordered).operations(count));
  }

  private List<Operation> operations(int count) {
    add(new Step.Create("a"));
    add(new Step.Create("b"));
    while (operations.size() < count) {
      if (operations.size() >= sectionEnd) {
        beginSection();
      }
      boolean missing = model.store().find("a") == null && oneIn(4);
      add(missing ? new Step.Create("a") : next(kind()));
    }
    return operations;
  }

  private void add(Operation operation) {
    operations.add(operation);
    String _ = model.answer(operation);
  }

  private void beginSection() {
    sectionEnd = operations.size() + SECTION_MIN + random.nextInt(SECTION_MORE);
    weight = 0;
    for (Kind kind : Kind.ALL) {
      double factor = FACTORS[random.nextInt(FACTORS.length)];
      weights.put(kind, kind.weight * factor);
      weight += kind.weight * factor;
    }
    bytes.beginSection();
  }

  private Kind kind() {
    double at = random.nextDouble() * weight;
    for (Map.Entry<Kind, Double> one : weights.entrySet()) {
      at -= one.getValue();
      if (at < 0) {
        return one.getKey();
      }
    }
    return Kind.PUT;
  }

  private boolean oneIn(int count) {
    return random.nextInt(count) == 0;
  }

  private Operation next(Kind kind) {
    return switch (kind) {
      case PUT -> put();
      case DELETE -> new Step.Delete(keyspace(), bytes.key(), level());
      case BATCH -> batch();
      case DISTINCT -> new Operation.Distinct(batch());
      case LOAD -> load();
      case ABANDON -> new Operation.AbandonedLoad(load());
      case PUT_IF_ABSENT -> new Step.PutIfAbsent(keyspace(), bytes.key(), bytes.value());
      case SWAP -> swap();
      case REPLACE -> new Operation.Replace(keyspace(), bytes.key(), bytes.value());
      case REMOVE -> new Operation.Remove(keyspace(), bytes.key());
      case UPDATE -> new Operation.Update(keyspace(), bytes.key(), bytes.shortValue());
      case INCREMENT -> new Operation.Increment(keyspace(), bytes.counter(), delta());
      case POP -> needsOrder() ? new Operation.Pop(keyspace(), random.nextBoolean()) : put();
      case DELETE_RANGE -> deleteRange();
      default -> nextRead(kind);
    };
  }

  private Operation nextRead(Kind kind) {
    return switch (kind) {
      case GET -> new Operation.Get(view(), bytes.key());
      case CONTAINS -> new Operation.Contains(view(), bytes.key());
      case GET_ALL -> new Operation.GetAll(view(), keys());
      case END ->
          needsOrder()
              ? new Operation.End(view(), span(), random.nextBoolean())
              : new Operation.Get(view(), bytes.key());
      case NEIGHBOUR ->
          needsOrder()
              ? new Operation.Neighbour(view(), bytes.key(), random.nextBoolean())
              : new Operation.Get(view(), bytes.key());
      case COUNT -> new Operation.Count(view(), span());
      case EMPTY -> new Operation.Empty(view());
      case ENTRIES -> new Operation.Entries(view(), span(), random.nextInt(oneIn(4) ? 1000 : 12));
      default -> nextHandle(kind);
    };
  }

  private Operation nextHandle(Kind kind) {
    return switch (kind) {
      case OPEN_SNAPSHOT -> new Operation.OpenSnapshot(snapshot());
      case CLOSE_SNAPSHOT -> new Operation.CloseSnapshot(openSnapshot());
      case OPEN_CURSOR -> new Operation.OpenCursor(cursor(), view(), span());
      case CLOSE_CURSOR -> new Operation.CloseCursor(openCursor());
      case SEEK, ADVANCE, LOOK -> {
        boolean isOpen = !model.handles().cursors().isEmpty() || oneIn(20);
        yield isOpen ? move(kind) : new Operation.OpenCursor(cursor(), view(), span());
      }
      case HOLD -> new Step.TakeSnapshot();
      case CHECK -> new Step.CheckSnapshot();
      default -> nextCare(kind);
    };
  }

  private Operation nextCare(Kind kind) {
    return switch (kind) {
      case SYNC -> new Step.Sync();
      case FLUSH -> new Step.Flush();
      case IDLE -> new Step.Idle();
      case COMPACT -> new Operation.Compact(keyspace(), oneIn(3) ? Span.ALL : anySpan());
      case VERIFY -> new Operation.Verify(random.nextBoolean());
      case EVERYTHING -> new Operation.Everything();
      case KEYSPACE -> createOrDrop();
      case REOPEN -> new Step.Reopen();
      case KILL -> new Operation.Kill();
      case CUT -> {
        CrashImage.Mode[] modes = CrashImage.Mode.values();
        yield new Operation.Cut(modes[random.nextInt(modes.length)], random.nextInt(1_000_000));
      }
      default -> throw new IllegalArgumentException("nothing is drawn for " + kind);
    };
  }

  /** Without order such calls are refused: that is worth a look now and then. */
  private boolean needsOrder() {
    return ordered || oneIn(12);
  }

  /** One that there is, but now and then one that there is not. */
  private String keyspace() {
    String name = NAMES.get(random.nextInt(NAMES.size()));
    boolean there = model.store().find(name) != null;
    return there || oneIn(12) ? name : "a";
  }

  private Operation createOrDrop() {
    if (oneIn(12)) {
      return new Step.Create(oneIn(2) ? "" : "n".repeat(256));
    }
    for (String name : NAMES) {
      if (model.store().find(name) == null && (name.length() == 1 || oneIn(2))) {
        return new Step.Create(name);
      }
    }
    return new Step.Drop(oneIn(4) ? "a" : NAMES.get(random.nextInt(NAMES.size())));
  }

  private @Nullable Durability level() {
    Durability[] levels = Durability.values();
    return oneIn(12) ? levels[random.nextInt(levels.length)] : null;
  }

  private Operation put() {
    return new Step.Put(keyspace(), bytes.key(), bytes.value(), level());
  }

  private Step.Batch batch() {
    List<Step.Change> changes = new ArrayList<>();
    int count = oneIn(10) ? 40 : random.nextInt(8);
    for (int i = 0; i < count; i++) {
      String keyspace = oneIn(3) ? keyspace() : "a";
      int choice = random.nextInt(20);
      if (choice < 14) {
        changes.add(new Step.Put(keyspace, bytes.keyOfBatch(), bytes.value(), null));
      } else if (choice < 19) {
        changes.add(new Step.Delete(keyspace, bytes.keyOfBatch(), null));
      } else {
        changes.add(deleteRange(keyspace));
      }
    }
    return new Step.Batch(changes, level());
  }

  private Step.Load load() {
    String keyspace = keyspace();
    List<Step.Put> puts = new ArrayList<>();
    int count = oneIn(6) ? 80 : random.nextInt(12);
    for (int i = 0; i < count; i++) {
      puts.add(new Step.Put(keyspace, bytes.keyOfBatch(), bytes.value(), null));
    }
    return new Step.Load(keyspace, puts);
  }

  private Operation swap() {
    String keyspace = keyspace();
    byte[] key = bytes.key();
    @Nullable ModelKeyspace there = model.store().find(keyspace);
    byte @Nullable [] current = there == null ? null : there.get(key, model.store().newest());
    byte @Nullable [] expected = oneIn(5) ? bytes.shortValue() : oneIn(5) ? null : current;
    return new Step.Swap(keyspace, key, expected, oneIn(4) ? null : bytes.value());
  }

  private long delta() {
    return oneIn(20) ? random.nextLong() : random.nextInt(-100, 100);
  }

  private Step.DeleteRange deleteRange() {
    return deleteRange(keyspace());
  }

  private Step.DeleteRange deleteRange(String keyspace) {
    if (!needsOrder() || oneIn(30)) {
      return new Step.DeleteRange(keyspace, null, null);
    }
    byte[] from = bytes.key();
    byte[] to = oneIn(8) ? bytes.key() : bytes.near(from);
    return switch (random.nextInt(40)) {
      case 0 -> new Step.DeleteRange(keyspace, null, from);
      case 1 -> new Step.DeleteRange(keyspace, from, null);
      default -> new Step.DeleteRange(keyspace, from, to);
    };
  }

  private Operation.View view() {
    return new Operation.View(keyspace(), oneIn(4) ? openSnapshot() : Operation.View.NOW);
  }

  private List<byte[]> keys() {
    List<byte[]> keys = new ArrayList<>();
    for (int count = random.nextInt(10); count > 0; count--) {
      keys.add(bytes.keyOfBatch());
    }
    return keys;
  }

  private Span span() {
    return oneIn(3) || !needsOrder() ? Span.ALL : anySpan();
  }

  private Span anySpan() {
    Span.Form[] forms = Span.Form.values();
    Span.Form form = forms[random.nextInt(forms.length)];
    byte[] first = bytes.end();
    return switch (form) {
      case HALF_OPEN, CLOSED -> new Span(form, first, oneIn(2) ? bytes.end() : bytes.near(first));
      case PREFIX -> Span.of(form, bytes.prefix());
      case ALL, AT_LEAST, GREATER_THAN, LESS_THAN, AT_MOST -> Span.of(form, first);
    };
  }

  private int snapshot() {
    return 1 + random.nextInt(SNAPSHOTS);
  }

  /** The number of one that is open, or of any. */
  private int open(List<Integer> numbers, int count) {
    return numbers.isEmpty() || oneIn(20)
        ? 1 + random.nextInt(count)
        : numbers.get(random.nextInt(numbers.size()));
  }

  private int openSnapshot() {
    return open(model.handles().snapshots(), SNAPSHOTS);
  }

  private int cursor() {
    return 1 + random.nextInt(CURSORS);
  }

  private int openCursor() {
    return open(model.handles().cursors(), CURSORS);
  }

  private Operation move(Kind kind) {
    return switch (kind) {
      case SEEK -> seek();
      case ADVANCE -> advance();
      default -> new Operation.Look(openCursor());
    };
  }

  private Operation seek() {
    if (!needsOrder() || oneIn(6)) {
      return new Operation.SeekToEnd(openCursor(), !needsOrder() || random.nextBoolean());
    }
    return new Operation.Seek(openCursor(), bytes.end(), random.nextBoolean());
  }

  private Operation advance() {
    int count = oneIn(8) ? 1000 : 1 + random.nextInt(4);
    return new Operation.Advance(openCursor(), count, !needsOrder() || random.nextBoolean());
  }
}
