import type { RandomSource } from './random';

export interface BackoffPolicy {
  /** Delay before the second try, in ms. */
  readonly baseMs: number;
  /** No delay is longer than this, before jitter. */
  readonly maxMs: number;
  /** Share of the delay that is drawn at random: 0.1 gives 90% to 110%. Spreads those who failed together. */
  readonly jitter: number;
}

/** Exponential backoff: `failures` (1, 2, ...) doubles from `baseMs` up to `maxMs`, then jittered. In whole ms. */
export function backoffMs(policy: BackoffPolicy, failures: number, random: RandomSource): number {
  const doublings = Math.min(Math.max(0, failures - 1), 40);
  const delayMs = Math.min(policy.maxMs, policy.baseMs * 2 ** doublings);
  return jitteredMs(delayMs, policy.jitter, random);
}

/** `delayMs` moved by at most `jitter` of itself in either direction, in whole ms. */
export function jitteredMs(delayMs: number, jitter: number, random: RandomSource): number {
  return Math.round(delayMs * (1 + jitter * (2 * random.next() - 1)));
}
