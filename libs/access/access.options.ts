import { DomainError } from '@foreman/kernel';

export interface AccessOptions {
  /**
   * How long a token that was found good is believed without another look, in seconds. Bounds how long
   * a key that another process revoked still opens doors here. Default 5.
   */
  readonly cacheSeconds?: number;
  /** Tokens that are remembered at once; the longest known are forgotten first. Default 10000. */
  readonly cacheEntries?: number;
}

/** The options with every default filled in. */
export class AccessSettings {
  readonly cacheMs: number;
  readonly cacheEntries: number;

  constructor(options: AccessOptions = {}) {
    const cacheSeconds = options.cacheSeconds ?? 5;
    this.cacheEntries = options.cacheEntries ?? 10_000;
    if (!(cacheSeconds >= 0) || !(this.cacheEntries >= 1)) {
      throw new DomainError('internal', 'AccessOptions: cacheSeconds >= 0, cacheEntries >= 1');
    }
    this.cacheMs = cacheSeconds * 1000;
  }
}
