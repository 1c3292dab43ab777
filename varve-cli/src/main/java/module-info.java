/// The `varve` command.
module dev.varve.cli {
  requires dev.varve.core;
  requires info.picocli;
  requires org.jline.reader;
  requires org.jline.terminal;
  requires tools.jackson.core;
  requires static org.jspecify;

  opens dev.varve.cli to
      info.picocli;
}
