package dev.varve.cli.load;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The lines of a stream, numbered from 1, without their ends (LF or CRLF) and without a byte order
/// mark. Lines can be given back to be read again.
///
/// @threads one at a time
final class LineSource {
  private static final int BUFFER = 1 << 16;

  private final InputStream in;
  private final int lineBytesMax;
  private final byte[] buffer = new byte[BUFFER];
  private final Deque<Line> givenBack = new ArrayDeque<>();
  private int position;
  private int limit;
  private long number;

  /// A line.
  ///
  /// @param number which line of the stream it is
  /// @param bytes what is in it
  /// @param isTooLong whether it was longer than the source takes; then `bytes` are none
  record Line(long number, byte[] bytes, boolean isTooLong) {
    boolean isBlank() {
      for (byte b : bytes) {
        if (b != ' ' && b != '\t') {
          return false;
        }
      }
      return !isTooLong;
    }
  }

  LineSource(InputStream in, int lineBytesMax) {
    this.in = in;
    this.lineBytesMax = lineBytesMax;
  }

  /** The next line, or null at the end. */
  @Nullable Line next() throws IOException {
    Line again = givenBack.poll();
    if (again != null) {
      return again;
    }
    if (position == limit && !fill()) {
      return null;
    }
    number++;
    ByteArrayOutputStream line = null;
    boolean tooLong = false;
    while (true) {
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      boolean ended = end < limit;
      if (line == null && ended) {
        byte[] bytes = java.util.Arrays.copyOfRange(buffer, position, end);
        position = end + 1;
        return line(bytes, bytes.length > lineBytesMax);
      }
      if (line == null) {
        line = new ByteArrayOutputStream(2 * BUFFER);
      }
      tooLong = tooLong || line.size() + (end - position) > lineBytesMax;
      if (!tooLong) {
        line.write(buffer, position, end - position);
      }
      position = ended ? end + 1 : end;
      if (ended || !fill()) {
        return line(line.toByteArray(), tooLong);
      }
    }
  }

  private Line line(byte[] bytes, boolean tooLong) {
    if (tooLong) {
      return new Line(number, new byte[0], true);
    }
    boolean mark =
        number == 1
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    int from = mark ? 3 : 0;
    int to =
        bytes.length > from && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
    return new Line(
        number,
        from == 0 && to == bytes.length ? bytes : java.util.Arrays.copyOfRange(bytes, from, to),
        false);
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(0, in.read(buffer));
    return limit > 0;
  }

  /** Gives lines back; they come again, in this order, before any other. */
  void giveBack(List<Line> lines) {
    for (Line line : lines.reversed()) {
      givenBack.addFirst(line);
    }
  }
}
