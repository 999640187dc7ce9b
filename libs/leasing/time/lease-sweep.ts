import { Injectable } from '@nestjs/common';
import { ReadConnection, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { TaskLifecycle, type TaskEntity } from '@foreman/jobs';
import { ClockSteps } from './clock-steps';
import { OverdueTasks, overdue, type Overdue } from './overdue-tasks';
import { StalledTasks } from './stalled-tasks';

export interface SweepCounts {
  readonly expired: number;
  readonly timedOut: number;
  readonly notStarted: number;
  /** Marked: they go on. */
  readonly stalled: number;
  readonly failedStalled: number;
}

/** What could not be ended is tried again after this long, unless a run comes sooner for another reason. */
const STUCK_RETRY_MS = 10_000;

/**
 * Ends by time what must end: the only place where a clock ends a lease. Every run first follows a step
 * of the wall clock.
 */
@Injectable()
export class LeaseSweep {
  /** The last run has ended all that was due by then, but for what is stuck. Epoch ms. */
  private doneUpTo = 0;
  /** Tasks that the last run could not end. */
  private stuck = 0;

  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly steps: ClockSteps,
    private readonly overdueTasks: OverdueTasks,
    private readonly stalls: StalledTasks,
    private readonly tasks: TaskLifecycle,
  ) {}

  /**
   * Sweeps all that is due, a bounded batch a transaction; one that cannot be ended stops no other. Safe to call at any
   * time, any number of times. @throws when a step of the clock could not be followed: then it has swept by the clock
   * as it was, in which all that is stored was counted.
   */
  async runOnce(): Promise<SweepCounts> {
    const unfollowed = await this.steps.follow().then(
      () => null,
      (error: unknown) => ({ error }),
    );
    this.doneUpTo = this.clock.now();
    this.stuck = 0;
    const timedOut = await this.end(TIMED_OUT, (tx, task, now) =>
      this.tasks.timeOut(tx, task, now),
    );
    const expired = await this.end(EXPIRED, (tx, task, now) => this.tasks.expire(tx, task, now));
    const notStarted = await this.end(NOT_STARTED, (tx, task, now) =>
      this.tasks.failNotStarted(tx, task, now),
    );
    const { stalled, failed, bad } = await this.stalls.runOnce();
    this.stuck += bad;
    if (unfollowed !== null) throw unfollowed.error;
    return { timedOut, expired, notStarted, stalled, failedStalled: failed };
  }

  /** When `runOnce` will next have something to end, unless edges call before; epoch ms, or null. */
  async nextDueAt(): Promise<number | null> {
    const since = this.doneUpTo;
    const [next] = await this.reads.query<{ at: number | null }>(NEXT_DUE, [
      since,
      since,
      since,
      since,
    ]);
    const dueAt = next?.at == null ? null : Number(next.at);
    if (this.stuck === 0) return dueAt;
    const retryAt = this.clock.now() + STUCK_RETRY_MS;
    return dueAt === null ? retryAt : Math.min(dueAt, retryAt);
  }

  /** Whether a run is due now although no lease is: the wall clock was set. Reads clocks only. */
  get hasClockStepped(): boolean {
    return this.steps.isDue;
  }

  private async end(
    which: Overdue,
    end: (tx: Tx, task: TaskEntity, now: number) => Promise<unknown>,
  ): Promise<number> {
    const { results, bad } = await this.overdueTasks.end(which, async (tx, task, now) =>
      (await end(tx, task, now)) === false ? null : task.id,
    );
    this.stuck += bad;
    return results.length;
  }
}

export const EXPIRED = overdue(`status = 'leased'`, 'lease_expires_at');

export const TIMED_OUT = overdue(
  `status = 'leased' AND timeout_seconds IS NOT NULL`,
  'leased_at + timeout_seconds * 1000',
);

export const NOT_STARTED = overdue(`status = 'queued' AND start_by_at IS NOT NULL`, 'start_by_at');

export const NEXT_DUE = `
  SELECT min(at) AS at FROM (
    SELECT min(lease_expires_at) AS at FROM tasks WHERE status = 'leased' AND lease_expires_at > ?
    UNION ALL
    SELECT min(leased_at + timeout_seconds * 1000) FROM tasks
      WHERE status = 'leased' AND timeout_seconds IS NOT NULL
        AND leased_at + timeout_seconds * 1000 > ?
    UNION ALL
    SELECT min(start_by_at) FROM tasks
      WHERE status = 'queued' AND start_by_at IS NOT NULL AND start_by_at > ?
    UNION ALL
    SELECT min(stall_due_at) FROM tasks
      WHERE status = 'leased' AND stall_due_at IS NOT NULL AND stall_due_at > ?
  ) moments`;
