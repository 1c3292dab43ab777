/// May-contain filters: they say of most absent keys that they are absent, and never that of a
/// present one.
@NullMarked
package dev.varve.filter;

import org.jspecify.annotations.NullMarked;
