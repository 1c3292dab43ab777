@org.jspecify.annotations.NullMarked
package dev.varve.bench;
