import { Injectable } from '@nestjs/common';
import { ArtifactRemoval, BlobSweep, InputHolds } from '@foreman/artifacts';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ResultRemoval } from '@foreman/results';
import { DeliveryRemoval } from '@foreman/webhooks';
import { JobRowsStore } from './job-rows.store';

export interface RemovalCounts {
  readonly jobs: number;
  readonly artifacts: number;
  /** Of the artifacts. */
  readonly bytes: number;
}

/** Rows of one bulk unit. */
const BATCH_ROWS = 500;
/** Artifacts of one bulk unit: each is two statements. */
const BATCH_ARTIFACTS = 100;

/** Removes hidden jobs across all libs: artifacts and their blobs first, then every row. */
@Injectable()
export class JobRemoval {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly artifacts: ArtifactRemoval,
    private readonly inputs: InputHolds,
    private readonly blobs: BlobSweep,
    private readonly results: ResultRemoval,
    private readonly deliveries: DeliveryRemoval,
    private readonly jobRows: JobRowsStore,
  ) {}

  /**
   * Removes these hidden jobs in bulk-lane batches. Stopped at any moment, a later call finds what is
   * left: a blob is released with the row that named it, and a job's own row goes last.
   */
  async remove(jobIds: readonly string[]): Promise<RemovalCounts> {
    const removed = await this.removeArtifacts(jobIds);
    await this.untilLess((tx) => this.inputs.releaseBatch(tx, jobIds, BATCH_ROWS));
    await this.blobs.deleteReleased();
    await this.untilLess((tx) => this.results.removeBatch(tx, jobIds, BATCH_ROWS));
    await this.unitOfWork.run((tx) => this.deliveries.ofJobs(tx, jobIds), 'bulk');
    await this.untilLess((tx) => this.jobRows.removeBatch(tx, jobIds, BATCH_ROWS));
    return { jobs: jobIds.length, ...removed };
  }

  private async removeArtifacts(
    jobIds: readonly string[],
  ): Promise<{ artifacts: number; bytes: number }> {
    const counts = { artifacts: 0, bytes: 0 };
    for (;;) {
      const batch = await this.unitOfWork.run(
        (tx) => this.artifacts.removeBatch(tx, jobIds, BATCH_ARTIFACTS, this.clock.now()),
        'bulk',
      );
      counts.artifacts += batch.artifacts;
      counts.bytes += batch.bytes;
      if (batch.artifacts < BATCH_ARTIFACTS) return counts;
    }
  }

  private async untilLess(batch: (tx: Tx) => Promise<number>): Promise<void> {
    for (;;) {
      const removed = await this.unitOfWork.run(batch, 'bulk');
      if (removed < BATCH_ROWS) return;
    }
  }
}
