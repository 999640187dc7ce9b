import { setTimeout as sleep } from 'node:timers/promises';
import type { KillPlan, Moment } from '../plan/kill-plan';

/** If it does not come by then, the gateway dies all the same: that moment is as random as another. */
const LIMIT_MS = 5000;

/** Waits for the moment of a kill. */
export class KillTrigger {
  private armed: { readonly moment: Moment; left: number; readonly fire: () => void } | null = null;

  /** Resolves when the gateway is to die. */
  async untilItIsTime({ moment, count, delayMs }: KillPlan): Promise<void> {
    const hasCome = new Promise<void>((resolve) => {
      this.armed = { moment, left: count, fire: resolve };
    });
    const limit = new AbortController();
    const tooLate = sleep(LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([hasCome, tooLate]);
    limit.abort();
    this.armed = null;
    await sleep(delayMs);
  }

  /** It has happened once more. */
  pass(moment: Moment): void {
    if (this.armed === null || this.armed.moment !== moment) return;
    this.armed.left -= 1;
    if (this.armed.left === 0) this.armed.fire();
  }
}
