package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.UsageException;
import picocli.CommandLine.Option;

/// The options that say how keys and values are given and shown.
final class FormChoice {
  @Option(names = "--hex", description = "Keys and values are hexadecimal.")
  private boolean hex;

  @Option(names = "--base64", description = "Keys and values are base64.")
  private boolean base64;

  @Option(names = "--raw", description = "Write keys and values as the bytes that they are.")
  private boolean raw;

  /// The form.
  ///
  /// @throws UsageException when more than one is given
  ByteText form(Console console) {
    if ((hex ? 1 : 0) + (base64 ? 1 : 0) + (raw ? 1 : 0) > 1) {
      throw new UsageException("give one of --hex, --base64 and --raw");
    }
    if (raw && console.isJson()) {
      throw new UsageException("--raw writes bytes, --json writes text; give one of them");
    }
    return hex ? ByteText.HEX : base64 ? ByteText.BASE64 : raw ? ByteText.RAW : ByteText.TEXT;
  }
}
