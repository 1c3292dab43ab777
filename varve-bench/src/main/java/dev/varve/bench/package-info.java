/// The workload driver: measures Varve beside yardsticks, in the same run on the same machine.
///
/// [Bench] is the command. A [Row] is a workload with its subjects; each of its processes runs in a
/// JVM of its own ([Launched]), in turns, round by round, and hands in [Sample]s, of which [Report]
/// makes medians, ratios and verdicts. `docs/BENCHMARKS.md` says how to read them.
@NullMarked
package dev.varve.bench;

import org.jspecify.annotations.NullMarked;
