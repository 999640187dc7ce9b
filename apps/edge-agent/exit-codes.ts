/** What the agent's exit code tells its supervisor; restarting helps only after `fault`. */
export const EXIT_CODES = {
  /** Stopped by a signal or by an operator, with nothing left running. */
  stopped: 0,
  /** Something unforeseen; the log says what. */
  fault: 1,
  /** Wrong flags or configuration. */
  usage: 2,
  /** The gateway refused the token: revoked, replaced, spent, or never known. */
  tokenRefused: 3,
  /** The state directory cannot keep or give the edge's token or its outbox, or another agent holds it. */
  stateUnusable: 4,
  /** A verified release lies ready, and nothing runs any more: start it instead (`--upgrade-exit`). */
  upgradeReady: 5,
} as const;
