package dev.varve.bench;

import java.util.List;
import java.util.Optional;

/// A workload and the subjects that it is measured on side by side.
///
/// A row is stateless: every process of it is run in a fresh JVM, which makes its own instance.
interface Row {
  /// What it is called on the command line.
  String name();

  /// What it measures, in one line.
  String about();

  /// The JVMs that a round consists of. They take turns: A B A B. Subjects that must alternate more
  /// closely than that share a process, which alternates them itself.
  List<String> processes();

  /// The flags of these JVMs.
  default List<String> jvmFlags() {
    return List.of("-Xmx3g");
  }

  /// The flags of the JVM of one process, where they differ.
  default List<String> jvmFlags(String process) {
    return jvmFlags();
  }

  /// How its subjects are compared, where there is more to say than a yardstick.
  default Optional<Comparison> comparison() {
    return Optional.empty();
  }

  /// Runs one process and records samples of its subjects.
  ///
  /// @param process one of [#processes]
  /// @throws Exception when anything goes wrong; the row then has no figures
  void run(String process, Run run) throws Exception;

  /// The subject that the others are compared with.
  default Optional<String> yardstick() {
    return Optional.empty();
  }

  /// What is aimed at.
  default List<Target> targets() {
    return List.of();
  }
}
