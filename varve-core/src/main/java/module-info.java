/// Varve's embedded store. It needs nothing but the JDK.
@SuppressWarnings("module") // it is exported to a module that need not be there
module dev.varve.core {
  requires jdk.jfr;
  requires static org.jspecify;

  exports dev.varve;
  exports dev.varve.engine;
  exports dev.varve.fs;
  exports dev.varve.kv;

  // For modules of Varve that provide codecs.
  exports dev.varve.codec to
      dev.varve.zstd;

  uses dev.varve.codec.BlockCodec;
}
