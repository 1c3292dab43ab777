package dev.varve.cli.quickstart;

import dev.varve.kv.EngineKind;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/// A table of OurAirports, in the public domain, and where its rows go.
///
/// @param keyspace the keyspace
/// @param engine its engine
/// @param file the resource
/// @param key the columns that make the key
/// @param rows how many rows the file has
record DataTable(String keyspace, EngineKind engine, String file, String key, long rows) {
  /// All tables, the smallest first.
  static final List<DataTable> ALL =
      List.of(
          new DataTable("countries", EngineKind.ARRAY, "countries.csv.gz", "code", 249),
          new DataTable("regions", EngineKind.RBTREE, "regions.csv.gz", "code", 3987),
          new DataTable("navaids", EngineKind.HASH, "navaids.csv.gz", "id", 11_008),
          new DataTable(
              "frequencies",
              EngineKind.BTREE,
              "airport-frequencies.csv.gz",
              "airport_ident,id",
              30_340),
          new DataTable("runways", EngineKind.LSM, "runways.csv.gz", "airport_ident,id", 48_184));

  /** Opens the file. */
  InputStream open() throws IOException {
    InputStream in = DataTable.class.getResourceAsStream(file);
    if (in == null) {
      throw new IOException("the resource " + file + " is missing from the command's jar");
    }
    return in;
  }
}
