package dev.varve.kv;

/// A file of sorted entries that was written aside and enters a keyspace as a whole, as the commit
/// that takes it in names it.
///
/// @param number its file's number within its keyspace
/// @param fileBytes its length
/// @param entries how many entries it has
/// @param seed what was drawn for it: another file under the same number has another
public record IngestedFile(long number, long fileBytes, long entries, long seed) {
  public IngestedFile {
    if (number < 1 || fileBytes < 1 || entries < 1) {
      throw new IllegalArgumentException("no file has number " + number);
    }
  }
}
