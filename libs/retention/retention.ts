import { Injectable } from '@nestjs/common';
import { BlobSweep } from '@foreman/artifacts';
import { Database, UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ResultSweep } from '@foreman/results';
import {
  ExpiredJobsStore,
  FIRST_PLACE,
  type ExpiryWalk,
  type JobPlace,
} from './expired-jobs.store';
import { JobRemoval, type RemovalCounts } from './job-removal';
import { KeyExpiry } from './key-expiry';
import { UnusedQueues } from './unused-queues';
import { RetentionSettings } from './retention.options';

/** What a run did (contract, `POST /admin/retention/run`). */
export interface RetentionCounts extends RemovalCounts {
  /** Jobs whose time has come, those that a delivery still holds among them. */
  readonly examined: number;
}

/** Jobs that one bulk unit looks at, and hides: a held one costs as much as one that goes. */
const PAGE_JOBS = 200;
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
    private readonly queues: UnusedQueues,
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
    const { deliveryHoldMs } = this.settings;
    const walk = { now: this.clock.now(), holdMs: deliveryHoldMs, limit: PAGE_JOBS };
    const held = await this.hide(walk);
    const { examined, ...removed } = await this.remove(walk);
    await this.blobs.runOnce();
    await this.results.runOnce();
    await this.keys.runOnce();
    await this.queues.runOnce();
    await this.vacuum();
    return { examined: held + examined, ...removed };
  }

  /** Answers how many it left alone: a delivery holds them. */
  private async hide(walk: ExpiryWalk): Promise<number> {
    let held = 0;
    let place: JobPlace | null = FIRST_PLACE;
    while (place !== null) {
      const from: JobPlace = place;
      const page = await this.unitOfWork.run((tx) => this.jobs.hide(tx, from, walk), 'bulk');
      held += page.examined - page.hidden;
      place = page.next;
    }
    return held;
  }

  private async remove(walk: ExpiryWalk): Promise<RetentionCounts> {
    const counts = { examined: 0, jobs: 0, artifacts: 0, bytes: 0 };
    let place: JobPlace | null = FIRST_PLACE;
    while (place !== null) {
      const from: JobPlace = place;
      const page = await this.unitOfWork.run((tx) => this.jobs.removable(tx, from, walk), 'bulk');
      for (let start = 0; start < page.ids.length; start += GROUP_JOBS) {
        const removed = await this.removal.remove(page.ids.slice(start, start + GROUP_JOBS));
        counts.jobs += removed.jobs;
        counts.artifacts += removed.artifacts;
        counts.bytes += removed.bytes;
        this.note(removed);
      }
      counts.examined += page.examined;
      place = page.next;
    }
    return counts;
  }

  private note(removed: RemovalCounts): void {
    this.removed = {
      jobs: this.removed.jobs + removed.jobs,
      artifacts: this.removed.artifacts + removed.artifacts,
      bytes: this.removed.bytes + removed.bytes,
    };
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
