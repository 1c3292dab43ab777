/// What a store must be like: states, steps that lead from one to the next, and scripts of steps.
@org.jspecify.annotations.NullMarked
package dev.varve.model;
