import { setTimeout as sleep } from 'node:timers/promises';
import type { KillPlan, Moment } from '../plan/kill-plan';

/** If it does not come by then, the gateway dies all the same: that moment is as random as another. */
const LIMIT_MS = 10_000;

interface Armed {
  readonly plan: KillPlan;
  left: number;
  readonly fire: () => void;
}

/** Waits for the moment of a kill. */
export class KillTrigger {
  private armed: Armed | null = null;

  /** Resolves when the gateway is to die. */
  async untilItIsTime(plan: KillPlan): Promise<void> {
    const hasCome = new Promise<void>((resolve) => {
      this.armed = { plan, left: plan.count, fire: resolve };
    });
    const limit = new AbortController();
    const tooLate = sleep(LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([hasCome, tooLate]);
    limit.abort();
    this.armed = null;
    await sleep(plan.delayMs);
  }

  /** It has happened once more. */
  pass(moment: Moment): void {
    if (this.armed === null || this.armed.plan.moment !== moment) return;
    this.armed.left -= 1;
    if (this.armed.left === 0) this.armed.fire();
  }
}
