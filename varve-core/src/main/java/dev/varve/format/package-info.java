/// What is on disk: the kinds of files, their names, and the envelope that each begins with. The
/// pages in `docs/format` are the specification.
@NullMarked
package dev.varve.format;

import org.jspecify.annotations.NullMarked;
