import { Clock, SystemClock, type ClockTimer } from '@foreman/kernel';

/** The system's clock, so much later: for what a sweep leaves alone until its time has come. */
export class AheadClock extends Clock {
  private readonly system = new SystemClock();

  constructor(private readonly aheadMs: number) {
    super();
  }

  override now(): number {
    return this.system.now() + this.aheadMs;
  }

  override monotonicMs(): number {
    return this.system.monotonicMs();
  }

  override setTimer(delayMs: number, fn: () => void): ClockTimer {
    return this.system.setTimer(delayMs, fn);
  }
}
