import { Injectable, Logger } from '@nestjs/common';
import { BlobSweep } from '@foreman/artifacts';
import { BadOnesApart, Database, UnitOfWork, isOfTheDatabase } from '@foreman/database';
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

type Counts = { -readonly [Name in keyof RetentionCounts]: number };

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
  private readonly logger = new Logger(Retention.name);
  private readonly apart: BadOnesApart;

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
  ) {
    this.apart = new BadOnesApart(this.logger, clock);
  }

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

  /** What stops one part stops none after it, unless it would meet that one too: a full disk, a gateway that stops. */
  private async run(): Promise<RetentionCounts> {
    const counts = { examined: 0, jobs: 0, artifacts: 0, bytes: 0 };
    const failures: unknown[] = [];
    for (const part of [
      () => this.hide(counts),
      () => this.remove(counts),
      () => this.blobs.runOnce(),
      () => this.results.runOnce(),
      () => this.keys.runOnce(),
      () => this.queues.runOnce(),
      () => this.vacuum(),
    ]) {
      try {
        await part();
      } catch (error) {
        if (isOfTheDatabase(error)) throw error;
        failures.push(error);
      }
    }
    const [first, ...others] = failures;
    for (const error of others) this.logger.error(error);
    if (first !== undefined) throw first;
    return counts;
  }

  /** Counts those that it leaves alone: a delivery holds them. */
  private async hide(counts: Counts): Promise<void> {
    let place: JobPlace | null = FIRST_PLACE;
    while (place !== null) {
      const from: JobPlace = place;
      const page = await this.unitOfWork.run(
        (tx) => this.jobs.hide(tx, from, this.walk(Infinity)),
        'bulk',
      );
      counts.examined += page.examined - page.hidden;
      place = page.next;
    }
  }

  private async remove(counts: Counts): Promise<void> {
    // What is hidden meanwhile is the next run's.
    const upTo = this.clock.now();
    let place: JobPlace | null = FIRST_PLACE;
    while (place !== null) {
      const from: JobPlace = place;
      const page = await this.unitOfWork.run(
        (tx) => this.jobs.removable(tx, from, this.walk(upTo)),
        'bulk',
      );
      for (let start = 0; start < page.ids.length; start += GROUP_JOBS) {
        await this.removeGroup(page.ids.slice(start, start + GROUP_JOBS), counts);
      }
      counts.examined += page.examined;
      place = page.next;
    }
  }

  /** To be called in a unit of work: the wall clock may have been set while it waited. */
  private walk(upTo: number): ExpiryWalk {
    const now = Math.min(this.clock.now(), upTo);
    return { now, holdMs: this.settings.deliveryHoldMs, limit: PAGE_JOBS };
  }

  /** One that cannot be removed stays hidden. */
  private async removeGroup(jobIds: readonly string[], counts: Counts): Promise<void> {
    const { results } = await this.apart.each(
      jobIds,
      (id) => id,
      (ids) => this.removal.remove(ids),
    );
    for (const removed of results) {
      counts.jobs += removed.jobs;
      counts.artifacts += removed.artifacts;
      counts.bytes += removed.bytes;
      this.note(removed);
    }
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
