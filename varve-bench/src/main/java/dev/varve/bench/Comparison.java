package dev.varve.bench;

import dev.varve.bench.Product.Trait;
import java.util.List;
import java.util.Optional;

/// Who is compared with whom: each of Varve's engines with the best of the peers that do what it
/// does. Maps that keep nothing are shown and never the best peer.
///
/// @param products all subjects, in the order of their columns
/// @param leftOut what is not measured, and why
record Comparison(List<Product> products, List<String> leftOut) {
  /// What of a metric one of Varve's engines comes to.
  ///
  /// @param engine its figure
  /// @param best the best peer's
  /// @param times how many times as good the engine's is: above 1 it is the better one
  record Standing(Figures.Figure engine, Figures.Figure best, double times) {}

  /// The names of the engines of Varve's.
  List<String> engines() {
    return products.stream().filter(VarveProduct.class::isInstance).map(Product::name).toList();
  }

  /// The peers of an engine: those that keep what they are given, and in an order where it does.
  List<String> peers(String engine) {
    Product own = Products.find(engine);
    return products.stream()
        .filter(p -> !(p instanceof VarveProduct))
        .filter(p -> p.is(Trait.KEEPS) && (p.is(Trait.ORDERED) || !own.is(Trait.ORDERED)))
        .map(Product::name)
        .toList();
  }

  /// What an engine comes to; empty where it or its peers have no such figure, or one of nothing.
  Optional<Standing> standing(Figures figures, String engine, String metric) {
    Optional<Figures.Figure> own = figures.find(engine, metric);
    Optional<Figures.Figure> best = figures.best(metric, peers(engine));
    if (own.isEmpty() || best.isEmpty() || own.get().unit() == Unit.NUMBER) {
      return Optional.empty();
    }
    double ratio = figures.ratio(own.get(), best.get().subject()).orElse(0);
    if (ratio == 0 || isNothing(own.get()) || isNothing(best.get())) {
      return Optional.empty();
    }
    double times = own.get().unit().moreIsBetter() ? ratio : 1 / ratio;
    return Optional.of(new Standing(own.get(), best.get(), times));
  }

  /** Of less than a byte for each operation there is no sensible ratio. */
  private static boolean isNothing(Figures.Figure figure) {
    return figure.metric().endsWith(Stopwatch.ALLOCATION) && figure.median() < 1;
  }
}
