/// The stream that a store is exported to and imported from; `docs/format/export.md` has the bytes.
@NullMarked
package dev.varve.export;

import org.jspecify.annotations.NullMarked;
