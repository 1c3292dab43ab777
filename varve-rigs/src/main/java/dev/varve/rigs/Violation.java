package dev.varve.rigs;

import org.jspecify.annotations.Nullable;

/// A promise that was broken.
///
/// @param rig which rig saw it
/// @param where the case and the point in it, as options of the rig's command, which repeat it
/// @param what what was expected and what was found
/// @param cause the exception that showed it, if one did
record Violation(String rig, String where, String what, @Nullable Throwable cause) {
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("VIOLATION ").append(what).append("\n  repeat with: varve-rigs ").append(rig);
    text.append(' ').append(where);
    Throwable at = cause;
    for (int depth = 0; at != null && depth < 4; depth++, at = at.getCause()) {
      text.append("\n  ").append(depth == 0 ? "" : "caused by ").append(at);
      StackTraceElement[] trace = at.getStackTrace();
      for (int i = 0; i < Math.min(depth == 0 ? 14 : 4, trace.length); i++) {
        text.append("\n      at ").append(trace[i]);
      }
    }
    return text.toString();
  }
}
