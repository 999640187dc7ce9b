import { createHook } from 'node:async_hooks';

/** Counts the timers of this process that are set and have neither fired for good nor been cleared. */
export class StandingTimers {
  private readonly live = new Set<number>();
  private readonly hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout') this.live.add(id);
    },
    destroy: (id) => {
      this.live.delete(id);
    },
  }).enable();

  /** Timers that `work` set and left standing. */
  async leftBy(work: () => Promise<unknown>): Promise<number> {
    const before = new Set(this.live);
    await work();
    // Node tells of the end of a timer a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return [...this.live].filter((id) => !before.has(id)).length;
  }

  stop(): void {
    this.hook.disable();
  }
}
