package dev.varve.isolation;

import dev.varve.isolation.Recorded.Action;
import dev.varve.isolation.Recorded.Append;
import dev.varve.isolation.Recorded.Read;
import dev.varve.kv.Isolation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Judges what transactions that append to lists and read them have seen.
///
/// @source Adya, Weak consistency, PhD thesis, MIT (1999); Kingsbury, Alvaro, Elle, VLDB 14 (2020),
///   for lists that show their own history; Cerone, Gotsman, Analysing snapshot isolation, JACM 65
///   (2018), for what a cycle under snapshot isolation looks like
final class CycleCheck {
  /* Each list shows in which order its numbers were appended, so which transaction wrote over which
   * (ww), which one read what which wrote (wr), and which one wrote over what which read (rw). Time
   * says who began after who had ended (rt); it has nodes of its own, one for each end, chained, so
   * that there are few such edges.
   *
   * - READ_COMMITTED: no cycle of ww and wr.
   * - SNAPSHOT: no cycle in which no two rw follow one another. Every edge of another kind, alone or
   *   with one rw behind it, is taken for one edge; there is no cycle of these.
   * - SERIALIZABLE: no cycle.
   *
   * Beside the cycles: what is read of one that was not committed, or of the middle of one, or in two
   * orders. */

  private final List<Recorded> all;
  private final Map<Integer, Recorded> writers = new HashMap<>();
  private final Map<Integer, List<Integer>> orders = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  // Edges by node: transactions by index, then their ends in time.
  private List<List<Integer>> dependencies = List.of();
  private List<List<Integer>> overwrites = List.of();

  private CycleCheck(List<Recorded> all) {
    this.all = all;
  }

  /// What is wrong with a run, or nothing.
  ///
  /// @param last what is at each key at the end
  static List<String> problems(
      List<Recorded> run, Map<Integer, List<Integer>> last, Isolation level) {
    CycleCheck check = new CycleCheck(run);
    check.order(last);
    check.reads();
    if (check.problems.isEmpty()) {
      check.edges(level != Isolation.READ_COMMITTED);
      check.cycles(level);
    }
    return check.problems;
  }

  private void order(Map<Integer, List<Integer>> last) {
    for (Recorded each : all) {
      for (Action action : each.actions()) {
        if (action instanceof Append append) {
          writers.put(append.value(), each);
        }
      }
    }
    orders.putAll(last);
    last.forEach(
        (key, list) -> {
          if (list.stream().distinct().count() < list.size()) {
            problems.add("something is twice at " + key);
          }
          list.forEach(value -> requireCommitted(value, "the end"));
        });
    for (Recorded each : all) {
      for (Action action : each.actions()) {
        if (each.committed()
            && action instanceof Append append
            && !orders.getOrDefault(append.key(), List.of()).contains(append.value())) {
          problems.add("what transaction " + each.number() + " appended is lost");
        }
      }
    }
  }

  private void requireCommitted(int value, String reader) {
    Recorded writer = writers.get(value);
    if (writer == null || !writer.committed()) {
      problems.add(reader + " sees " + value + " of a transaction that was not committed");
    }
  }

  private void reads() {
    for (Recorded each : all) {
      List<Append> own = new ArrayList<>();
      for (Action action : each.actions()) {
        switch (action) {
          case Append append -> own.add(append);
          case Read read -> check(each, read, own);
        }
      }
    }
  }

  /** A list must be the begin of the order of its key, and then what the reader itself appended. */
  private void check(Recorded reader, Read read, List<Append> own) {
    List<Integer> mine =
        own.stream().filter(a -> a.key() == read.key()).map(Append::value).toList();
    int others = read.list().size() - mine.size();
    if (others < 0 || !read.list().subList(others, read.list().size()).equals(mine)) {
      problems.add("transaction " + reader.number() + " does not read what it wrote");
      return;
    }
    List<Integer> order = orders.getOrDefault(read.key(), List.of());
    if (others > order.size() || !order.subList(0, others).equals(read.list().subList(0, others))) {
      problems.add(
          "transaction " + reader.number() + " reads in another order, or what was undone");
      return;
    }
    if (others == 0) {
      return;
    }
    int newest = read.list().get(others - 1);
    requireCommitted(newest, "transaction " + reader.number());
    Recorded writer = writers.get(newest);
    if (writer != null && others < order.size() && writers.get(order.get(others)) == writer) {
      problems.add("transaction " + reader.number() + " reads the middle of another one");
    }
  }

  // The graph.

  private void edges(boolean withTime) {
    List<Recorded> byEnd = new ArrayList<>(all);
    byEnd.sort(Comparator.comparingLong(Recorded::end));
    int count = all.size();
    List<List<Integer>> depend = new ArrayList<>();
    List<List<Integer>> over = new ArrayList<>();
    for (int i = 0; i < 2 * count; i++) {
      depend.add(new ArrayList<>());
      over.add(new ArrayList<>());
    }
    Map<Recorded, Integer> index = new HashMap<>();
    for (int i = 0; i < count; i++) {
      index.put(all.get(i), i);
    }
    if (withTime) {
      for (int i = 0; i < count; i++) {
        depend.get(index.get(byEnd.get(i))).add(count + i);
        if (i + 1 < count) {
          depend.get(count + i).add(count + i + 1);
        }
      }
      for (Recorded each : all) {
        int ended = endedBefore(byEnd, each.begin());
        if (ended > 0) {
          depend.get(count + ended - 1).add(index.get(each));
        }
      }
    }
    orders.values().forEach(order -> addOrder(order, index, depend));
    for (Recorded each : all) {
      if (each.committed()) {
        each.actions().forEach(action -> addRead(each, action, index, depend, over));
      }
    }
    dependencies = depend;
    overwrites = over;
  }

  private static int endedBefore(List<Recorded> byEnd, long begin) {
    int low = 0;
    int high = byEnd.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (byEnd.get(middle).end() < begin) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void addOrder(
      List<Integer> order, Map<Recorded, Integer> index, List<List<Integer>> depend) {
    for (int i = 1; i < order.size(); i++) {
      add(writers.get(order.get(i - 1)), writers.get(order.get(i)), index, depend);
    }
  }

  private void addRead(
      Recorded reader,
      Action action,
      Map<Recorded, Integer> index,
      List<List<Integer>> depend,
      List<List<Integer>> over) {
    if (!(action instanceof Read read)) {
      return;
    }
    List<Integer> order = orders.getOrDefault(read.key(), List.of());
    int seen = read.list().size();
    while (seen > 0 && writers.get(read.list().get(seen - 1)) == reader) {
      seen--;
    }
    if (seen > 0) {
      add(writers.get(order.get(seen - 1)), reader, index, depend);
    }
    if (seen < order.size()) {
      add(reader, writers.get(order.get(seen)), index, over);
    }
  }

  private static void add(
      Recorded from, Recorded to, Map<Recorded, Integer> index, List<List<Integer>> edges) {
    if (from != to) {
      edges.get(index.get(from)).add(index.get(to));
    }
  }

  private void cycles(Isolation level) {
    List<List<Integer>> edges = new ArrayList<>();
    for (int i = 0; i < dependencies.size(); i++) {
      List<Integer> own = new ArrayList<>(dependencies.get(i));
      if (level == Isolation.SNAPSHOT) {
        for (int next : dependencies.get(i)) {
          own.addAll(overwrites.get(next));
        }
      } else if (level == Isolation.SERIALIZABLE) {
        own.addAll(overwrites.get(i));
      }
      edges.add(own);
    }
    int left = nodesOnCycles(edges);
    if (left > 0) {
      problems.add("there is a cycle, of no more than " + left + " steps");
    }
  }

  /** Takes away what nothing leads to, again and again; what is left has a cycle. */
  private static int nodesOnCycles(List<List<Integer>> edges) {
    int[] incoming = new int[edges.size()];
    edges.forEach(own -> own.forEach(to -> incoming[to]++));
    Deque<Integer> free = new ArrayDeque<>();
    for (int i = 0; i < incoming.length; i++) {
      if (incoming[i] == 0) {
        free.add(i);
      }
    }
    int left = edges.size();
    while (!free.isEmpty()) {
      left--;
      for (int to : edges.get(free.remove())) {
        if (--incoming[to] == 0) {
          free.add(to);
        }
      }
    }
    return left;
  }
}
