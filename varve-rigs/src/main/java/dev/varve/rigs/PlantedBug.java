package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;

/// What is wrong with engines on purpose, for a rig to find: something about what an engine is
/// given, or about what stands around it. The engine itself has no hooks.
interface PlantedBug {
  /// Nothing is wrong.
  PlantedBug NONE =
      new PlantedBug() {
        @Override
        public String toString() {
          return "NONE";
        }
      };

  /// What the engine is given.
  default EngineContext given(EngineContext context) {
    return context;
  }

  /// What the store is given.
  default Engine around(Engine engine, EngineContext context) {
    return engine;
  }
}
