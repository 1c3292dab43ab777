/// [Varve] opens stores: `try (Store store = Varve.open(Path.of("data"))) { … }`.
@NullMarked
package dev.varve;

import org.jspecify.annotations.NullMarked;
