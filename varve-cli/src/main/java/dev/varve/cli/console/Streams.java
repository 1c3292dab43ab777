package dev.varve.cli.console;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/// What a command is connected to.
///
/// @param in standard input
/// @param out standard output
/// @param err standard error
/// @param inIsTerminal whether a person types standard input
/// @param outIsTerminal whether a person sees standard output
/// @param errIsTerminal whether a person sees standard error
/// @param width columns of the terminal
/// @param environment the environment's variables
public record Streams(
    InputStream in,
    OutputStream out,
    OutputStream err,
    boolean inIsTerminal,
    boolean outIsTerminal,
    boolean errIsTerminal,
    int width,
    Map<String, String> environment) {
  /// Columns where nothing is known of the terminal.
  public static final int WIDTH = 80;
}
