/// How bytes, amounts and names are written for people, and read back.
@NullMarked
package dev.varve.cli.text;

import org.jspecify.annotations.NullMarked;
