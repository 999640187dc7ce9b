import { Injectable } from '@nestjs/common';
import { TaskAdvance, TaskLifecycle } from '@foreman/jobs';
import { OverdueTasks, overdue } from './overdue-tasks';

export interface StallCounts {
  /** Marked: they stay with their edge. */
  readonly stalled: number;
  /** Their attempt ended. */
  readonly failed: number;
  /** Neither could be done. */
  readonly bad: number;
}

/**
 * Finds the tasks that are alive and do not advance: their edge extends the lease, and for `stallSeconds`
 * no counter has moved and no row has come. A lease that has run out is no business of this one: its edge
 * is not heard of, and when it is, it revives the lease.
 */
@Injectable()
export class StalledTasks {
  constructor(
    private readonly overdueTasks: OverdueTasks,
    private readonly advances: TaskAdvance,
    private readonly tasks: TaskLifecycle,
  ) {}

  /** All that are due, a bounded batch a transaction. Safe to call at any time, any number of times. */
  async runOnce(): Promise<StallCounts> {
    const { results, bad } = await this.overdueTasks.end(STALLED, async (tx, task, now) => {
      const isHeardOf = (task.leaseExpiresAt ?? 0) > now;
      if (!isHeardOf || !(await this.advances.mark(tx, task, now))) return null;
      if (!task.failsOnStall) return 'stalled';
      await this.tasks.failStalled(tx, task, now);
      return 'failed';
    });
    const stalled = results.filter((result) => result === 'stalled').length;
    return { stalled, failed: results.length - stalled, bad };
  }
}

export const STALLED = overdue(`status = 'leased' AND stall_due_at IS NOT NULL`, 'stall_due_at');
