package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.fs.FileSystem;

/// What is wrong with a store on purpose, for a rig to find: something about what it is given, or
/// about what stands around it. The store itself has no hooks.
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

  /// What the store is given as its file system.
  default FileSystem between(FileSystem fs) {
    return fs;
  }

  /// A file system that lies.
  ///
  /// @param lie what it says
  record LyingFiles(Lie lie) implements PlantedBug {
    @Override
    public FileSystem between(FileSystem fs) {
      return new LyingFileSystem(fs, lie);
    }
  }
}
