/// Events for the JDK's flight recorder, all of the category "Varve"; `docs/EVENTS.md` lists them.
///
/// An event that is not recorded costs a look at a flag: where that is so, nothing of it is filled
/// in. Who records them finds them by name; no code outside this module makes them.
@NullMarked
package dev.varve.events;

import org.jspecify.annotations.NullMarked;
