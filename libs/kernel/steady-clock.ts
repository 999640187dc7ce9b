import { Clock, type ClockTimer } from './clock';

/**
 * A wall clock that does not jump: set once, then carried on by the monotonic clock. When the wall
 * clock under it is set to another time, `driftMs` tells by how much, and nothing else happens until
 * whoever is in charge of what is stored has moved that along and calls `follow`. So everything that
 * was timed before the jump keeps what was left of its time.
 */
export class SteadyClock extends Clock {
  private offsetMs: number;

  constructor(private readonly source: Clock) {
    super();
    this.offsetMs = source.now() - source.monotonicMs();
  }

  now(): number {
    return Math.floor(this.offsetMs + this.source.monotonicMs());
  }

  monotonicMs(): number {
    return this.source.monotonicMs();
  }

  setTimer(delayMs: number, fn: () => void): ClockTimer {
    return this.source.setTimer(delayMs, fn);
  }

  /** How far the wall clock has moved away from this one, in ms; negative when it was set back. */
  driftMs(): number {
    return this.source.now() - this.now();
  }

  /** Moves this clock by `driftMs`. */
  follow(driftMs: number): void {
    this.offsetMs += driftMs;
  }
}
