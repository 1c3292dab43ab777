package dev.varve.bench;

import dev.varve.kv.EngineKind;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/// An engine of Varve's, through the public API.
///
/// @param engine which
record VarveProduct(EngineKind engine) implements Product {
  @Override
  public String name() {
    return EngineRow.subject(engine);
  }

  @Override
  public Set<Trait> traits() {
    Set<Trait> traits =
        EnumSet.of(
            Trait.CONCURRENT,
            Trait.KEEPS,
            Trait.SURVIVES_KILL,
            Trait.SYNCS,
            Trait.SYNCED_SURVIVES_KILL);
    if (engine.isOrdered()) {
      traits.add(Trait.ORDERED);
    }
    if (engine.isResident()) {
      traits.add(Trait.RESIDENT);
    }
    return traits;
  }

  @Override
  public String about() {
    return "NONE: in the mapped log when a put returns, a kill loses nothing; synced: GROUP";
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return engine.isOrdered()
        ? new VarveStore.Ordered(directory, engine, settings)
        : new VarveStore(directory, engine, settings);
  }
}
