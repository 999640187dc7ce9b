import { DomainError } from '@foreman/kernel';

export interface EdgesOptions {
  /**
   * How long an edge that was recognised is believed without another look, in seconds: how late another
   * process's change (revoked, drained) is seen here at the most. Default 2.
   */
  readonly cacheSeconds?: number;
  /** Edges that are remembered at once. Default 20000. */
  readonly cacheEntries?: number;
  /** `last_seen_at` is written at most this often for one edge, in seconds. Default 10. */
  readonly seenEverySeconds?: number;
  /** An enrolment's life when none is asked for, in seconds. Default 3600. */
  readonly enrolmentTtlSeconds?: number;
}

/** The options with every default filled in. */
export class EdgesSettings {
  readonly cacheMs: number;
  readonly cacheEntries: number;
  readonly seenEveryMs: number;
  readonly enrolmentTtlSeconds: number;

  constructor(options: EdgesOptions = {}) {
    this.cacheMs = (options.cacheSeconds ?? 2) * 1000;
    this.cacheEntries = options.cacheEntries ?? 20_000;
    this.seenEveryMs = (options.seenEverySeconds ?? 10) * 1000;
    this.enrolmentTtlSeconds = options.enrolmentTtlSeconds ?? 3600;
    const isSane =
      this.cacheMs >= 0 &&
      this.cacheEntries >= 1 &&
      this.seenEveryMs >= 0 &&
      this.enrolmentTtlSeconds >= 1;
    if (!isSane) throw new DomainError('internal', 'EdgesOptions must be positive numbers');
  }
}
