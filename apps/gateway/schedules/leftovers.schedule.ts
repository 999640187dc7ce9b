import { BlobSweep } from '@foreman/artifacts';
import { ResultSweep } from '@foreman/results';
import { type BeforeApplicationShutdown, Injectable, type Type } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { SoloRuns } from './solo-runs';

/**
 * Removes bytes and rows that nothing names any more; nobody waits for their space, so it goes with
 * retention, by FOREMAN_RETENTION_CRON in UTC. A class of its own for each expression, as there.
 */
export function leftoversSchedule(cron: string): Type<BeforeApplicationShutdown> {
  @Injectable()
  class LeftoversSchedule implements BeforeApplicationShutdown {
    private readonly blobRuns: SoloRuns;
    private readonly rowRuns: SoloRuns;

    constructor(blobs: BlobSweep, rows: ResultSweep) {
      this.blobRuns = new SoloRuns('BlobSweep', () => blobs.runOnce());
      this.rowRuns = new SoloRuns('ResultSweep', () => rows.runOnce());
    }

    @Cron(cron, { timeZone: 'UTC' })
    async tick(): Promise<void> {
      await this.blobRuns.tick();
      await this.rowRuns.tick();
    }

    async beforeApplicationShutdown(): Promise<void> {
      await Promise.all([this.blobRuns.stop(), this.rowRuns.stop()]);
    }
  }
  return LeftoversSchedule;
}
