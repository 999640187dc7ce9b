import type { Clock } from '@foreman/kernel';

/** Time passes only by waiting; every wait is noted, in ms. */
export function notingClock(waits: number[]): Clock {
  return {
    now: () => 0,
    monotonicMs: () => 0,
    setTimer: (delayMs, fn) => {
      waits.push(delayMs);
      const timer = setImmediate(fn);
      return { cancel: () => clearImmediate(timer) };
    },
  };
}
