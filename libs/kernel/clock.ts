/** A pending timer; `cancel()` may be called any number of times. */
export interface ClockTimer {
  cancel(): void;
}

/**
 * The only source of time. `now` is the wall clock, for what is stored and told to others;
 * `monotonicMs` never jumps, for measuring and for waits. An abstract class, not an interface, so that
 * it is its own injection token.
 */
export abstract class Clock {
  /** Milliseconds since the epoch, UTC. May jump in both directions. */
  abstract now(): number;
  /** Milliseconds since an arbitrary start; never goes backwards. */
  abstract monotonicMs(): number;
  /** Calls `fn` once after `delayMs` on the monotonic clock. Does not keep the process alive. */
  abstract setTimer(delayMs: number, fn: () => void): ClockTimer;
}

/** Node's setTimeout fires at once when given more than this (2^31 - 1 ms, about 24.8 days). */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, fn: () => void): ClockTimer {
    const timer = setTimeout(fn, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

/** ISO 8601 UTC with milliseconds, as every time on the wire (contract). */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** The same for a time that may be missing. */
export function isoTimeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : isoTime(epochMs);
}

/** Waits on the clock; settles early with `false` when the signal aborts, else with `true`. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const onAbort = () => {
      timer.cancel();
      resolve(false);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
