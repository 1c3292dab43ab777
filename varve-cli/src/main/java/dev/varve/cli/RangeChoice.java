package dev.varve.cli;

import dev.varve.cli.text.ByteText;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.UsageException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say which keys.
final class RangeChoice {
  @Option(names = "--prefix", paramLabel = "P", description = "Keys that begin with P.")
  private @Nullable String prefix;

  @Option(names = "--from", paramLabel = "K", description = "Keys from K on, K included.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "K", description = "Keys before K, K excluded.")
  private @Nullable String to;

  /// The range, checked against what the keyspace's engine can serve.
  KeyRange range(Keyspace keyspace, ByteText form) {
    KeyRange range = range(form);
    if (!range.isAll()) {
      requireOrder(keyspace, "--prefix, --from and --to need");
    }
    return range;
  }

  /// The range.
  KeyRange range(ByteText form) {
    if (prefix != null) {
      if (from != null || to != null) {
        throw new UsageException("give either --prefix, or --from and --to");
      }
      return KeyRange.prefix(form.parse("the prefix", prefix));
    }
    if (from != null && to != null) {
      return KeyRange.of(form.parse("--from", from), form.parse("--to", to));
    }
    if (from != null) {
      return KeyRange.atLeast(form.parse("--from", from));
    }
    return to == null ? KeyRange.all() : KeyRange.lessThan(form.parse("--to", to));
  }

  /// @throws UsageException when the engine has no order
  static void requireOrder(Keyspace keyspace, String what) {
    if (!keyspace.options().engine().isOrdered()) {
      throw new UsageException(
          what
              + " an order, which the engine "
              + keyspace.options().engine().name().toLowerCase(Locale.ROOT)
              + " of keyspace '"
              + keyspace.name()
              + "' does not keep; use a keyspace with the engine rbtree");
    }
  }
}
