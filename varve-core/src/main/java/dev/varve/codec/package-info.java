/// Block compression: codecs by the number that stands for them on disk.
@NullMarked
package dev.varve.codec;

import org.jspecify.annotations.NullMarked;
