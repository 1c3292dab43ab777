package dev.varve;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// The rules of the house that the compiler does not know, each with its reason and with what to
/// use instead. [HouseTest] holds the code to them, and shows that each can fail.
final class HouseRules {
  /** In order: a package uses those before it. */
  private static final List<String> ORDER =
      List.of(
          "base",
          "events",
          "kv",
          "fs",
          "format",
          "export",
          "codec",
          "filter",
          "cache",
          "log",
          "engine",
          "engine.memory",
          "engine.btree.heap",
          "engine.btree",
          "engine.lsm.memtable",
          "engine.lsm.sstable",
          "engine.lsm.blob",
          "engine.lsm.version",
          "engine.lsm.compaction",
          "engine.lsm",
          "txn",
          "store",
          "");

  private static final String ROOT = "dev.varve";

  private HouseRules() {}

  /// Something that is banned.
  ///
  /// @param use whether an access is one
  /// @param type whether depending on a type is one
  /// @param exceptions the classes or packages that may, each with the reason
  record Ban(
      String what,
      Predicate<JavaAccess<?>> use,
      Predicate<JavaClass> type,
      String instead,
      Map<String, String> exceptions) {

    static Ban types(String what, Set<String> names, String instead) {
      return new Ban(
          what, access -> false, type -> names.contains(type.getName()), instead, Map.of());
    }

    static Ban calls(String what, String owner, Set<String> methods, String instead) {
      return new Ban(
          what,
          access ->
              access.getTargetOwner().getName().equals(owner)
                  && methods.contains(access.getTarget().getName()),
          type -> false,
          instead,
          Map.of());
    }

    Ban or(Ban other) {
      return new Ban(what, use.or(other.use), type.or(other.type), instead, exceptions);
    }

    Ban except(Map<String, String> places) {
      return new Ban(what, use, type, instead, places);
    }

    @Override
    public String toString() {
      return what;
    }

    private boolean isExcepted(JavaClass origin) {
      String outermost = origin.getName().replaceFirst("\\$.*", "");
      return exceptions.containsKey(outermost) || exceptions.containsKey(origin.getPackageName());
    }

    ArchRule rule() {
      return classes()
          .should(
              new ArchCondition<JavaClass>("not use " + what) {
                @Override
                public void check(JavaClass origin, ConditionEvents events) {
                  if (isExcepted(origin)) {
                    return;
                  }
                  for (JavaAccess<?> access : origin.getAccessesFromSelf()) {
                    if (use.test(access)) {
                      events.add(SimpleConditionEvent.violated(access, access.getDescription()));
                    }
                  }
                  origin.getDirectDependenciesFromSelf().stream()
                      .filter(dependency -> type.test(dependency.getTargetClass()))
                      .forEach(
                          dependency ->
                              events.add(
                                  SimpleConditionEvent.violated(
                                      dependency, dependency.getDescription())));
                }
              })
          .because(instead);
    }
  }

  static final Ban FILES =
      Ban.types(
              "files past the door",
              Set.of(
                  "java.io.File",
                  "java.io.FileInputStream",
                  "java.io.FileOutputStream",
                  "java.io.FileReader",
                  "java.io.FileWriter",
                  "java.io.RandomAccessFile",
                  "java.nio.channels.FileChannel",
                  "java.nio.channels.AsynchronousFileChannel",
                  "java.nio.file.Files"),
              "all I/O goes through dev.varve.fs.FileSystem, or no rig can make it fail or crash")
          .except(Map.of("dev.varve.fs", "the door itself"));

  static final Ban EXECUTORS =
      Ban.types(
          "executors without a bound",
          Set.of(
              "java.util.concurrent.Executors",
              "java.util.concurrent.ForkJoinPool",
              "java.util.concurrent.CompletableFuture",
              "java.util.Timer"),
          "background work has names, a bound and a failure latch: use dev.varve.base.Background");

  static final Ban THREADS =
      Ban.calls(
              "threads of its own",
              "java.lang.Thread",
              Set.of("ofPlatform", "ofVirtual", "startVirtualThread", "start", "<init>"),
              "background work has names, a bound and a failure latch: use"
                  + " dev.varve.base.Background")
          .except(
              Map.of(
                  "dev.varve.base.BackgroundThreads", "where Background's threads are made",
                  "dev.varve.fs.UninterruptibleIo",
                      "a thread for one call of a caller who is interrupted"));

  static final Ban TIME =
      new Ban(
              "the time of the machine",
              access ->
                  (access.getTargetOwner().getName().equals("java.lang.System")
                          && Set.of("currentTimeMillis", "nanoTime")
                              .contains(access.getTarget().getName()))
                      || (access.getTargetOwner().getPackageName().equals("java.time")
                          && access.getTarget().getName().equals("now")),
              type -> type.getName().equals("java.time.Clock"),
              "a test must be able to hold time still: take a dev.varve.base.Clock",
              Map.of())
          .except(
              Map.of(
                  "dev.varve.base.Clock", "the clock itself",
                  "dev.varve.log.SyncGroup",
                      "a loop that parks for real time and counts down what is left of it",
                  "dev.varve.fs.FaultFileSystem", "a slow device: a loop that parks for real time",
                  "dev.varve.fs.OsDirectoryLock", "since when the lock is held, told to people",
                  "dev.varve.fs.MemoryFileSystem", "since when the lock is held, told to people"));

  static final Ban RANDOM =
      new Ban(
              "randomness that no seed repeats",
              access ->
                  (access.getTargetOwner().getName().equals("java.lang.Math")
                          && access.getTarget().getName().equals("random"))
                      || (access instanceof JavaConstructorCall call
                          && Set.of("java.util.Random", "java.util.SplittableRandom")
                              .contains(call.getTargetOwner().getName())
                          && call.getTarget().getRawParameterTypes().isEmpty()),
              type ->
                  Set.of("java.util.concurrent.ThreadLocalRandom", "java.security.SecureRandom")
                      .contains(type.getName()),
              "a run must repeat: take a dev.varve.base.RandomSource, or a seed",
              Map.of())
          .except(Map.of("dev.varve.base.RandomSource", "where randomness comes from"));

  static final Ban AUTO_ARENA =
      Ban.calls(
          "arenas that only the collector closes",
          "java.lang.foreign.Arena",
          Set.of("ofAuto"),
          "memory is given back when its owner closes it: use Arena.ofConfined or ofShared");

  static final Ban STOPPING =
      new Ban(
          "the stopping or interrupting of another thread",
          access ->
              access.getTargetOwner().getName().equals("java.lang.Thread")
                  && (Set.of("stop", "suspend", "resume").contains(access.getTarget().getName())
                      || (access.getTarget().getName().equals("interrupt")
                          && !restoresOwnStatus(access))),
          type -> false,
          "an interrupt closes files for everyone: stop by a flag and a queue. Restoring one's own"
              + " status reads Thread.currentThread().interrupt() on one line",
          Map.of());

  private static boolean restoresOwnStatus(JavaAccess<?> interrupt) {
    return interrupt.getOriginOwner().getMethodCallsFromSelf().stream()
        .anyMatch(
            call ->
                call.getTarget().getName().equals("currentThread")
                    && call.getOrigin().equals(interrupt.getOrigin())
                    && call.getLineNumber() == interrupt.getLineNumber());
  }

  static final Ban CONSOLE =
      Ban.calls(
              "the console",
              "java.lang.System",
              Set.of("out", "err", "in", "console"),
              "a library prints nothing: throw, report, or answer")
          .or(
              new Ban(
                  "",
                  access -> access.getTarget().getName().equals("printStackTrace"),
                  type -> type.getPackageName().startsWith("java.util.logging"),
                  "",
                  Map.of()));

  static final Ban EXIT =
      Ban.calls(
              "the end of the process",
              "java.lang.System",
              Set.of("exit", "setProperty", "gc"),
              "a library does not decide over its process: throw")
          .or(Ban.calls("", "java.lang.Runtime", Set.of("exit", "halt", "gc"), ""));

  static final Ban THREAD_LOCALS =
      Ban.types(
          "thread locals",
          Set.of("java.lang.ThreadLocal", "java.lang.InheritableThreadLocal"),
          "threads may be many and short: pass it, or keep it with what it belongs to");

  static final Ban INTERNALS =
      new Ban(
          "what the JDK is about to take away",
          access -> false,
          type ->
              type.getName().equals("sun.misc.Unsafe")
                  || type.getPackageName().startsWith("jdk.internal"),
          "it warns on a bare JDK: use VarHandle and MemorySegment",
          Map.of());

  static final Ban SERIALIZATION =
      Ban.types(
          "Java serialization",
          Set.of("java.io.ObjectInputStream", "java.io.ObjectOutputStream"),
          "bytes from outside must not name classes: write a decoder that is total");

  static final List<Ban> BANS =
      List.of(
          FILES,
          EXECUTORS,
          THREADS,
          TIME,
          RANDOM,
          AUTO_ARENA,
          STOPPING,
          CONSOLE,
          EXIT,
          THREAD_LOCALS,
          INTERNALS,
          SERIALIZATION);

  /// Whether code of a package, named without `dev.varve`, may use another.
  static boolean mayUse(String from, String to) {
    if (from.equals(to)) {
      return true;
    }
    boolean siblings =
        from.startsWith("engine.") && to.startsWith("engine.") && !engine(from).equals(engine(to));
    return !siblings && ORDER.contains(from) && ORDER.indexOf(to) < ORDER.indexOf(from);
  }

  /** Which engine a package is of: `lsm` for `engine.lsm.sstable`. */
  private static String engine(String packageName) {
    return packageName.split("\\.", -1)[1];
  }

  private static String inside(String packageName) {
    return packageName.equals(ROOT) ? "" : packageName.substring(ROOT.length() + 1);
  }

  /// A package uses only those that come before it in the list of the design.
  static ArchRule arrows() {
    return classes()
        .should(
            new ArchCondition<JavaClass>("use only packages before their own in " + ORDER) {
              @Override
              public void check(JavaClass origin, ConditionEvents events) {
                origin.getDirectDependenciesFromSelf().stream()
                    .filter(d -> d.getTargetClass().getPackageName().startsWith(ROOT))
                    .filter(
                        d ->
                            !mayUse(
                                inside(origin.getPackageName()),
                                inside(d.getTargetClass().getPackageName())))
                    .forEach(d -> events.add(SimpleConditionEvent.violated(d, d.getDescription())));
              }
            })
        .because("what is below must not know what is above; move the word down, not the arrow up");
  }

  /// Names say what a thing is.
  static ArchRule names() {
    return classes()
        .should()
        .haveSimpleNameNotEndingWith("Utils")
        .andShould()
        .haveSimpleNameNotEndingWith("Util")
        .andShould()
        .haveSimpleNameNotEndingWith("Helper")
        .andShould()
        .haveSimpleNameNotEndingWith("Manager")
        .andShould()
        .haveSimpleNameNotEndingWith("Impl")
        .because("a name that fits anything says nothing");
  }
}
