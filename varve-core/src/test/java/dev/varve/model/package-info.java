/// What a store must be like: states, steps that lead from one to the next, and scripts of steps;
/// beyond them operations, which have answers, lists of these as text, and a model that carries a
/// list out beside a store.
@org.jspecify.annotations.NullMarked
package dev.varve.model;
