import { jitteredMs, type RandomSource } from '@foreman/kernel';
import type { DeliveryEntity } from '../entities/delivery.entity';
import type { PostOutcome } from '../posting/post-outcome';
import { LONGEST_RETRY_AFTER_MS } from '../posting/retry-after';

/** Contract. Spreads receivers that failed together. */
const JITTER = 0.1;
const GONE = 410;
const TOO_LARGE = 413;
/** The answers whose `Retry-After` counts (contract). */
const BUSY = new Set([429, 503]);

/** What an attempt's outcome makes of its delivery. */
export type Verdict =
  | { readonly status: 'delivered' }
  | { readonly status: 'exhausted' }
  /** And its endpoint with it. */
  | { readonly status: 'disabled' }
  | {
      readonly status: 'pending';
      readonly nextAttemptAt: number;
      readonly scheduleStep: number;
      readonly urlsOnly: boolean;
    };

/**
 * The contract's rules: 2xx is success; 410 disables; the first 413 is answered at once with every artifact by
 * url, without using up a pause; anything else waits for the next pause of the schedule, longer
 * where a 429 or 503 asks for it, and is exhausted when there is none left.
 */
export function judge(
  delivery: Pick<DeliveryEntity, 'scheduleStep' | 'urlsOnly'>,
  outcome: Pick<PostOutcome, 'statusCode' | 'errorClass' | 'retryAfterMs'>,
  now: number,
  pausesMs: readonly number[],
  random: RandomSource,
): Verdict {
  const { scheduleStep, urlsOnly } = delivery;
  if (outcome.errorClass === null) return { status: 'delivered' };
  if (outcome.statusCode === GONE) return { status: 'disabled' };
  if (outcome.statusCode === TOO_LARGE && !urlsOnly) {
    return { status: 'pending', nextAttemptAt: now, scheduleStep, urlsOnly: true };
  }
  const pauseMs = pausesMs[scheduleStep];
  if (pauseMs === undefined) return { status: 'exhausted' };
  const askedMs = BUSY.has(outcome.statusCode ?? 0) ? (outcome.retryAfterMs ?? 0) : 0;
  return {
    status: 'pending',
    nextAttemptAt: now + Math.max(jitteredMs(pauseMs, JITTER, random), askedMs),
    scheduleStep: scheduleStep + 1,
    urlsOnly,
  };
}

/** No verdict waits longer, whatever it is of: one of the schedule's pauses or a `Retry-After`, and the jitter. */
export function longestPauseMs(pausesMs: readonly number[]): number {
  return Math.round(Math.max(LONGEST_RETRY_AFTER_MS, ...pausesMs) * (1 + JITTER));
}
