package dev.varve.cli;

// README begins
import dev.varve.Varve;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.WriteBatch;
import java.nio.file.Path;

@SuppressWarnings("DefaultCharset")
public class ReadmeExample {
  public static void main(String[] args) {
    try (Store store = Varve.open(Path.of(args[0]))) {
      Keyspace users = store.keyspace("users"); // ordered: RBTREE
      Keyspace visits = store.keyspace("visits", KeyspaceOptions.of(EngineKind.HASH));

      users.put("ada".getBytes(), "Ada Lovelace".getBytes()); // on disk when it returns
      byte[] name = users.get("ada".getBytes()); // null when there is none
      long count = visits.increment("ada".getBytes(), 1);

      try (Snapshot before = store.snapshot()) {
        // Both or neither, in one commit.
        store.write(
            new WriteBatch()
                .put(users, "alan".getBytes(), "Alan Turing".getBytes())
                .delete(visits, "ada".getBytes()),
            Durability.SYNC);
        System.out.println(users.count() + " users, " + users.at(before).count() + " before");
      }

      try (Cursor cursor = users.cursor(KeyRange.prefix("a".getBytes()))) {
        for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
          System.out.println(new String(cursor.key()) + ": " + new String(cursor.value()));
        }
      }
      System.out.println(new String(name) + ", visit " + count);
    }
  }
}
// README ends
