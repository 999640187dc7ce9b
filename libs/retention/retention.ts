import { Injectable } from '@nestjs/common';
import { BlobSweep } from '@foreman/artifacts';
import { Database, UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ResultSweep } from '@foreman/results';
import { ExpiredJobsStore } from './expired-jobs.store';
import { JobRemoval, type RemovalCounts } from './job-removal';
import { KeyExpiry } from './key-expiry';
import { RetentionSettings } from './retention.options';

/** What a run did (contract, `POST /admin/retention/run`). */
export interface RetentionCounts extends RemovalCounts {
  /** Jobs whose time has come, those that a delivery still holds among them. */
  readonly examined: number;
}

/** Jobs hidden by one statement. */
const HIDE_BATCH = 200;
/** Jobs removed together, so that small ones share their commits. */
const GROUP_JOBS = 20;
/** Pages that one bulk unit gives back: 2 MiB. */
const VACUUM_PAGES = 500;

/**
 * Prunes jobs after their time with everything that is theirs, and sweeps what nobody wants any more
 * (architecture: hide, then blobs, then rows). Safe to kill at any moment and to run again.
 */
@Injectable()
export class Retention {
  private running: Promise<RetentionCounts> | null = null;
  private removed: RemovalCounts = { jobs: 0, artifacts: 0, bytes: 0 };

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: ExpiredJobsStore,
    private readonly removal: JobRemoval,
    private readonly blobs: BlobSweep,
    private readonly results: ResultSweep,
    private readonly keys: KeyExpiry,
    private readonly settings: RetentionSettings,
  ) {}

  /** All that was removed since the start of this process. */
  get removedSinceStart(): RemovalCounts {
    return this.removed;
  }

  /** Runs until nothing is left to do. A call during a run gets that run's counts. */
  runOnce(): Promise<RetentionCounts> {
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async run(): Promise<RetentionCounts> {
    const now = this.clock.now();
    const examined = await this.jobs.countDue(this.database.reads, now);
    await this.hide(now);
    const removed = await this.remove(now);
    await this.blobs.runOnce();
    await this.results.runOnce();
    await this.keys.runOnce();
    await this.vacuum();
    return { examined, ...removed };
  }

  private async hide(now: number): Promise<void> {
    const { deliveryHoldMs } = this.settings;
    for (;;) {
      const hidden = await this.unitOfWork.run(
        (tx) => this.jobs.hide(tx, now, deliveryHoldMs, HIDE_BATCH),
        'bulk',
      );
      if (hidden < HIDE_BATCH) return;
    }
  }

  private async remove(now: number): Promise<RemovalCounts> {
    const counts = { jobs: 0, artifacts: 0, bytes: 0 };
    for (;;) {
      const group = await this.unitOfWork.run(
        (tx) => this.jobs.removable(tx, now, this.settings.deliveryHoldMs, GROUP_JOBS),
        'bulk',
      );
      if (group.length === 0) return counts;
      const removed = await this.removal.remove(group);
      counts.jobs += removed.jobs;
      counts.artifacts += removed.artifacts;
      counts.bytes += removed.bytes;
      this.removed = {
        jobs: this.removed.jobs + removed.jobs,
        artifacts: this.removed.artifacts + removed.artifacts,
        bytes: this.removed.bytes + removed.bytes,
      };
    }
  }

  /** Deleting frees pages inside the file; this gives them back to the disk, a little at a time. */
  private async vacuum(): Promise<void> {
    let free = this.database.sizes().freeBytes;
    while (free > 0) {
      await this.database.vacuum(VACUUM_PAGES);
      const left = this.database.sizes().freeBytes;
      if (left >= free) return;
      free = left;
    }
  }
}
