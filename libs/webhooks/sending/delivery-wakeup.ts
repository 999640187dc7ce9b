import { Injectable } from '@nestjs/common';
import type { Clock } from '@foreman/kernel';

/** Tells the sender that there may be something to do. Counts its calls, so that none is missed between look and wait. */
@Injectable()
export class DeliveryWakeup {
  private calls = 0;
  private newsCalls = 0;
  private readonly waiting = new Set<() => void>();

  /** Something is owed, or may be sent, that was not. */
  wake(): void {
    this.newsCalls += 1;
    this.stir();
  }

  /** The sender's own: an attempt has come further. What was owed and could not be sent for other reasons still cannot. */
  stir(): void {
    this.calls += 1;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** To be taken before looking for work, and given to `wait` when there was none. */
  get mark(): number {
    return this.calls;
  }

  /** Another number after each `wake`, not after a `stir`. */
  get news(): number {
    return this.newsCalls;
  }

  /** Settles at the first call since `mark` was taken, or after `limitMs`; null: only at a call. */
  async wait(mark: number, clock: Clock, limitMs: number | null): Promise<void> {
    if (this.calls !== mark) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        timer?.cancel();
        this.waiting.delete(settle);
        resolve();
      };
      const timer = limitMs === null ? null : clock.setTimer(limitMs, settle);
      this.waiting.add(settle);
    });
  }
}
