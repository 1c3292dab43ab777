package dev.varve.export;

/// A keyspace as an export lists it.
///
/// @param name its name
/// @param options what it was made with, as text
public record ExportedKeyspace(String name, String options) {}
