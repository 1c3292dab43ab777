/// What a user programs against: [Store], [Keyspace], [Cursor], [WriteBatch], [Snapshot], options,
/// statistics and the exceptions. No I/O and no engine is here.
///
/// **Keys and values** are any bytes: keys of 1 B to 64 KiB, values of 0 B to 1 GiB. Keys order as
/// unsigned bytes. Arrays that go in are copied before a call returns, arrays that come out are the
/// caller's own.
///
/// **Absent is null**, never an exception; a parameter or result that may be null says so.
///
/// **Errors** are [VarveException]s. Besides them, a null where none is allowed is a
/// [NullPointerException].
@NullMarked
package dev.varve.kv;

import org.jspecify.annotations.NullMarked;
