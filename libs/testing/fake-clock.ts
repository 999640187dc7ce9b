import { Clock, type ClockTimer } from '@foreman/kernel';

interface FakeTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in order of their due times. */
export class FakeClock extends Clock {
  private monotonic = 0;
  private made = 0;
  private readonly timers = new Set<FakeTimer>();

  constructor(private wall: number = Date.parse('2026-01-01T00:00:00.000Z')) {
    super();
  }

  now(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  setTimer(delayMs: number, fn: () => void): ClockTimer {
    const timer = { dueMs: this.monotonic + Math.max(0, delayMs), order: this.made++, fn };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /** Moves both clocks on, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.monotonic + ms;
    for (let timer = this.nextDue(end); timer !== undefined; timer = this.nextDue(end)) {
      this.timers.delete(timer);
      this.moveTo(Math.max(this.monotonic, timer.dueMs));
      timer.fn();
    }
    this.moveTo(end);
  }

  /** A jump of the wall clock alone, in either direction, as an administrator or NTP makes it. */
  jumpWall(ms: number): void {
    this.wall += ms;
  }

  private nextDue(endMs: number): FakeTimer | undefined {
    return [...this.timers]
      .filter((timer) => timer.dueMs <= endMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
  }

  private moveTo(monotonicMs: number): void {
    this.wall += monotonicMs - this.monotonic;
    this.monotonic = monotonicMs;
  }
}
