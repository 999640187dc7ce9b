import { backoffMs, delay } from '@foreman/kernel';
import type { BackoffPolicy, Clock, RandomSource } from '@foreman/kernel';
import { ConnectionFailure, GatewayProblem } from './gateway-problem';

/** The first retry follows a blip at once; the last ones leave a gateway that starts again alone. */
export const GATEWAY_BACKOFF: BackoffPolicy = { baseMs: 250, maxMs: 15_000, jitter: 0.5 };

/** A gateway may ask for patience, but not switch a caller off for a day by a mistake in a proxy. */
const LONGEST_RETRY_AFTER_SECONDS = 3600;

export interface RetrySettings {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly policy?: BackoffPolicy;
  /** Ends the waiting and the trying: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Tries in all; without it only success, a refusal or the signal ends it. */
  readonly maxAttempts?: number;
  readonly onRetry?: (retry: { error: Error; failures: number; delayMs: number }) => void;
}

/** True for what passes by itself: no connection, 429, 5xx but for damaged bytes. Every other refusal would be refused again. */
export function isPassing(error: unknown): error is ConnectionFailure | GatewayProblem {
  if (error instanceof ConnectionFailure) return true;
  if (!(error instanceof GatewayProblem) || error.code === 'artifact.corrupt') return false;
  return error.status === 429 || error.status >= 500;
}

/**
 * Calls `attempt` until it succeeds, is refused for good, or the signal aborts. Safe only for calls that may be
 * repeated, as every call of the contract may. Waits by jittered exponential backoff, and never less than
 * `Retry-After` asks.
 */
export async function retrying<T>(attempt: () => Promise<T>, settings: RetrySettings): Promise<T> {
  const { clock, random, signal, policy = GATEWAY_BACKOFF } = settings;
  for (let failures = 1; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error) || failures >= (settings.maxAttempts ?? Infinity)) throw error;
      const delayMs = patienceMs(error, backoffMs(policy, failures, random));
      settings.onRetry?.({ error, failures, delayMs });
      await delay(clock, delayMs, signal);
    }
  }
}

/** How long to wait after `error`: never less than `Retry-After` asks, which is believed up to an hour. */
export function patienceMs(error: ConnectionFailure | GatewayProblem, backoff: number): number {
  const asked = error instanceof GatewayProblem ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(backoff, 1000 * Math.min(LONGEST_RETRY_AFTER_SECONDS, asked));
}
