import { Logger } from '@nestjs/common';

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

  /** No further runs; settles when the present one is over. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      const counts = await this.runOnce();
      if (Object.values(counts).some((count) => count !== 0)) this.logger.log(counts);
    } catch (error) {
      this.logger.error(error);
    }
  }
}
