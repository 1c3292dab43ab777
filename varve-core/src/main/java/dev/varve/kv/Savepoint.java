package dev.varve.kv;

/// A point in a transaction that [Transaction#rollbackTo] goes back to.
///
/// @lifetime until it is released, its transaction goes back to an earlier one, or ends
public interface Savepoint {}
