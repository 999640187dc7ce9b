import { Inject, Injectable } from '@nestjs/common';
import { ReadConnection, UnitOfWork, type SqlValue, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { TaskEntity, TaskLifecycle } from '@foreman/jobs';
import { ClockSteps } from './clock-steps';
import { StalledTasks } from './stalled-tasks';
import { LEASING_OPTIONS, type ResolvedLeasingOptions } from '../leasing.options';

export interface SweepCounts {
  readonly expired: number;
  readonly timedOut: number;
  readonly notStarted: number;
  /** Marked: they go on. */
  readonly stalled: number;
  readonly failedStalled: number;
}

/**
 * Ends by time what must end: the only place where a clock ends a lease. Every run first follows a step
 * of the wall clock.
 */
@Injectable()
export class LeaseSweep {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly steps: ClockSteps,
    private readonly stalls: StalledTasks,
    private readonly tasks: TaskLifecycle,
    @Inject(LEASING_OPTIONS) private readonly options: ResolvedLeasingOptions,
  ) {}

  /** Sweeps all that is due, a bounded batch a transaction. Safe to call at any time, any number of times. */
  async runOnce(): Promise<SweepCounts> {
    await this.steps.follow();
    const timedOut = await this.sweep(TIMED_OUT, (tx, task, now) =>
      this.tasks.timeOut(tx, task, now),
    );
    const expired = await this.sweep(EXPIRED, (tx, task, now) => this.tasks.expire(tx, task, now));
    const notStarted = await this.sweep(NOT_STARTED, (tx, task, now) =>
      this.tasks.failNotStarted(tx, task, now),
    );
    const { stalled, failed } = await this.stalls.runOnce();
    return { timedOut, expired, notStarted, stalled, failedStalled: failed };
  }

  /** When `runOnce` will next have something to end, unless edges call before; epoch ms, or null. */
  async nextDueAt(): Promise<number | null> {
    const [next] = await this.reads.query<{ at: number | null }>(NEXT_DUE, []);
    return next?.at == null ? null : Number(next.at);
  }

  /** Whether a run is due now although no lease is: the wall clock was set. Reads clocks only. */
  get hasClockStepped(): boolean {
    return this.steps.isDue;
  }

  private async sweep(
    sql: string,
    end: (tx: Tx, task: TaskEntity, now: number) => Promise<unknown>,
  ): Promise<number> {
    let swept = 0;
    for (;;) {
      const count = await this.unitOfWork.run(async (tx) => {
        const now = this.clock.now();
        const params: SqlValue[] = [now, this.options.sweepBatch];
        const due = await tx.entities(TaskEntity, sql, params);
        for (const task of due) await this.endIfStillDue(tx, task, now, end);
        return due.length;
      });
      swept += count;
      if (count < this.options.sweepBatch) return swept;
    }
  }

  /** Ending one task can cancel its siblings in the same batch: look again. */
  private async endIfStillDue(
    tx: Tx,
    task: TaskEntity,
    now: number,
    end: (tx: Tx, task: TaskEntity, now: number) => Promise<unknown>,
  ): Promise<void> {
    const same = await tx.query(
      'SELECT 1 FROM tasks WHERE id = ? AND status = ? AND lease_token IS NOT DISTINCT FROM ?',
      [task.id, task.status, task.leaseToken],
    );
    if (same.length > 0) await end(tx, task, now);
  }
}

export const EXPIRED = `
  SELECT * FROM tasks WHERE status = 'leased' AND lease_expires_at <= ?
  ORDER BY lease_expires_at LIMIT ?`;

export const TIMED_OUT = `
  SELECT * FROM tasks
  WHERE status = 'leased' AND timeout_seconds IS NOT NULL AND leased_at + timeout_seconds * 1000 <= ?
  ORDER BY leased_at + timeout_seconds * 1000 LIMIT ?`;

export const NOT_STARTED = `
  SELECT * FROM tasks
  WHERE status = 'queued' AND start_by_at IS NOT NULL AND start_by_at <= ?
  ORDER BY start_by_at LIMIT ?`;

export const NEXT_DUE = `
  SELECT min(at) AS at FROM (
    SELECT min(lease_expires_at) AS at FROM tasks WHERE status = 'leased'
    UNION ALL
    SELECT min(leased_at + timeout_seconds * 1000) FROM tasks
      WHERE status = 'leased' AND timeout_seconds IS NOT NULL
    UNION ALL
    SELECT min(start_by_at) FROM tasks WHERE status = 'queued' AND start_by_at IS NOT NULL
    UNION ALL
    SELECT min(stall_due_at) FROM tasks WHERE status = 'leased' AND stall_due_at IS NOT NULL
  ) moments`;
