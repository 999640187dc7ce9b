import { Logger } from '@nestjs/common';

/** What a stopping gateway has for one run, in ms; see `ConnectionClosing` for the rest of its 10 s. */
const STOP_WITHIN_MS = 500;

/**
 * One recurring piece of work, never beside itself: a tick during a run is left out. What fails is
 * logged and tried again at the next tick.
 */
export class SoloRuns {
  private running: Promise<void> | null = null;
  private isStopped = false;
  private readonly logger: Logger;

  constructor(
    name: string,
    private readonly runOnce: () => Promise<object>,
  ) {
    this.logger = new Logger(name);
  }

  async tick(): Promise<void> {
    if (this.running !== null || this.isStopped) return;
    this.running = this.run();
    await this.running;
    this.running = null;
  }

  /**
   * No further runs; settles when the present one is over, or soon without it: a long pruning must not
   * hold up the end, and every run may be cut off anywhere and run again.
   */
  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.running === null) return;
    let limit: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, STOP_WITHIN_MS);
    });
    await Promise.race([this.running, enough]);
    clearTimeout(limit);
  }

  private async run(): Promise<void> {
    try {
      const counts = await this.runOnce();
      if (Object.values(counts).some((count) => count !== 0)) this.logger.log(counts);
    } catch (error) {
      // Cut off by the closing database: nothing is wrong.
      if (!this.isStopped) this.logger.error(error);
    }
  }
}
