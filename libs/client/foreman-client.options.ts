import type { Clock, IdSource, RandomSource } from '@foreman/kernel';

export interface ForemanClientOptions {
  /** Where the gateway is. */
  readonly baseUrl: string;
  /** An API key (`fmk_`) with the scopes of what is called: `jobs:write`, `jobs:read`. */
  readonly apiKey: string;
  /** Tries of a call in all, before its failure is thrown. */
  readonly maxAttempts?: number;
  /** How long an answer may take, in ms. */
  readonly timeoutMs?: number;
  readonly connections?: number;
  readonly clock?: Clock;
  readonly ids?: IdSource;
  readonly random?: RandomSource;
}

/** About twenty seconds of trying: a gateway that starts again is back by then, a caller's user has not left. */
export const DEFAULT_MAX_ATTEMPTS = 7;

/** For a single call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface SubmitOptions extends CallOptions {
  /**
   * 1..200 printable ASCII characters. Give one that stands for your own unit of work (an order's number, say), and
   * even your own process's restart submits once. Without it each call makes one, for its own retries.
   */
  readonly idempotencyKey?: string;
}
