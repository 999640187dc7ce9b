import { SystemClock } from '@foreman/kernel';
import type { ClockTimer } from '@foreman/kernel';

/** Waits pass fifty times as fast as they should; what is measured stays true. */
export class FastClock extends SystemClock {
  override setTimer(delayMs: number, fn: () => void): ClockTimer {
    return super.setTimer(delayMs / 50, fn);
  }
}
