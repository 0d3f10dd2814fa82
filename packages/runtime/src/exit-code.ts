/** Names the exit codes of a Gantry process; 64 and above follow sysexits.h. */
export const exitCode = {
  /** Stopped in order. */
  ok: 0,
  /** Could not start, failed while stopping, or was told twice to stop. */
  failed: 1,
  /** Called with an argument it does not know. */
  usage: 64,
  /** An exception or rejection nobody handled: a bug. */
  software: 70,
  /** The environment is wrong; every problem was listed. */
  config: 78,
} as const;
