/**
 * Finds how long the event loop was kept from its next turn: what everybody else waits for. By the CPU
 * time of the process, so that a machine that is busy with other things changes nothing.
 */
export class LoopGaps {
  private worstMs = 0;
  private lastMs = cpuMs();
  private isOn = true;

  constructor() {
    this.turn();
  }

  /** @returns the longest gap, in ms. */
  stop(): number {
    this.isOn = false;
    this.note();
    return this.worstMs;
  }

  private turn(): void {
    setImmediate(() => {
      this.note();
      if (this.isOn) this.turn();
    });
  }

  private note(): void {
    const nowMs = cpuMs();
    this.worstMs = Math.max(this.worstMs, nowMs - this.lastMs);
    this.lastMs = nowMs;
  }
}

/** Of this process, all of its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
