package dev.varve.cli;

import picocli.CommandLine.IVersionProvider;

/// The versions of the command and of the Java that runs it.
final class VersionText implements IVersionProvider {
  /// The version of the command.
  static String version() {
    String version = VersionText.class.getPackage().getImplementationVersion();
    return version == null ? "0.1.0-SNAPSHOT" : version;
  }

  /// The version of Java.
  static String java() {
    return System.getProperty("java.vendor.version", System.getProperty("java.version"));
  }

  @Override
  public String[] getVersion() {
    return new String[] {"varve " + version() + " on " + java()};
  }
}
