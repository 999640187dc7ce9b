import { DomainError } from '@foreman/kernel';

export interface EdgesOptions {
  /** `last_seen_at` is written at most this often for one edge, in seconds. Default 10. */
  readonly seenEverySeconds?: number;
  /** An enrolment's life when none is asked for, in seconds. Default 3600. */
  readonly enrolmentTtlSeconds?: number;
}

/** The options with every default filled in. */
export class EdgesSettings {
  readonly seenEveryMs: number;
  readonly enrolmentTtlSeconds: number;

  constructor(options: EdgesOptions = {}) {
    this.seenEveryMs = (options.seenEverySeconds ?? 10) * 1000;
    this.enrolmentTtlSeconds = options.enrolmentTtlSeconds ?? 3600;
    if (!(this.seenEveryMs >= 0 && this.enrolmentTtlSeconds >= 1)) {
      throw new DomainError('internal', 'EdgesOptions must be positive numbers');
    }
  }
}
