import { BlobSweep } from '@foreman/artifacts';
import { ResultSweep } from '@foreman/results';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { SoloRuns } from './solo-runs';

/** Nobody waits for this space. */
const EVERY_MS = 60_000;

/** Removes bytes and rows that nothing names any more. */
@Injectable()
export class LeftoversSchedule implements BeforeApplicationShutdown {
  private readonly blobRuns: SoloRuns;
  private readonly rowRuns: SoloRuns;

  constructor(blobs: BlobSweep, rows: ResultSweep) {
    this.blobRuns = new SoloRuns('BlobSweep', () => blobs.runOnce());
    this.rowRuns = new SoloRuns('ResultSweep', () => rows.runOnce());
  }

  @Interval(EVERY_MS)
  async tick(): Promise<void> {
    await this.blobRuns.tick();
    await this.rowRuns.tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.blobRuns.stop(), this.rowRuns.stop()]);
  }
}
