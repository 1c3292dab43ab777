package dev.varve.engine;

import dev.varve.kv.EngineKind;
import dev.varve.kv.UsageException;
import java.util.Map;
import java.util.function.Function;

/// Makes an engine from its kind.
///
/// @param factories one for each kind that can be made
public record EngineRegistry(Map<EngineKind, Function<EngineContext, Engine>> factories) {
  public EngineRegistry {
    factories = Map.copyOf(factories);
  }

  /// Makes the engine that the context's options name.
  ///
  /// @throws UsageException when nobody makes this kind
  public Engine make(EngineContext context) {
    EngineKind kind = context.options().engine();
    Function<EngineContext, Engine> factory = factories.get(kind);
    if (factory == null) {
      throw new UsageException("this build has no engine " + kind);
    }
    return factory.apply(context);
  }
}
