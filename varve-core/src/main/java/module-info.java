/// Varve's embedded store. It needs nothing but the JDK.
module dev.varve.core {
  requires jdk.jfr;
  requires static org.jspecify;

  exports dev.varve;
  exports dev.varve.engine;
  exports dev.varve.fs;
  exports dev.varve.kv;
}
