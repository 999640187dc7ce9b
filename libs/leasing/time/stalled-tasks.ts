import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { TaskAdvance, TaskEntity, TaskLifecycle } from '@foreman/jobs';
import { Clock } from '@foreman/kernel';
import { LEASING_OPTIONS, type ResolvedLeasingOptions } from '../leasing.options';

export interface StallCounts {
  /** Marked: they stay with their edge. */
  readonly stalled: number;
  /** Their attempt ended. */
  readonly failed: number;
}

/**
 * Finds the tasks that are alive and do not advance: their edge extends the lease, and for `stallSeconds`
 * no counter has moved and no row has come. A lease that has run out is no business of this one: its edge
 * is not heard of, and when it is, it revives the lease.
 */
@Injectable()
export class StalledTasks {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly advances: TaskAdvance,
    private readonly tasks: TaskLifecycle,
    @Inject(LEASING_OPTIONS) private readonly options: ResolvedLeasingOptions,
  ) {}

  /** All that are due, a bounded batch a transaction. Safe to call at any time, any number of times. */
  async runOnce(): Promise<StallCounts> {
    let stalled = 0;
    let failed = 0;
    for (;;) {
      const batch = await this.unitOfWork.run((tx) => this.runBatch(tx));
      stalled += batch.stalled;
      failed += batch.failed;
      if (batch.seen < this.options.sweepBatch) return { stalled, failed };
    }
  }

  private async runBatch(tx: Tx): Promise<StallCounts & { readonly seen: number }> {
    const now = this.clock.now();
    const due = await tx.entities(TaskEntity, STALLED, [now, now, this.options.sweepBatch]);
    let stalled = 0;
    let failed = 0;
    for (const task of due) {
      // Failing one task can cancel its siblings in the same batch.
      if (!(await this.advances.mark(tx, task, now))) continue;
      if (task.failsOnStall) {
        await this.tasks.failStalled(tx, task, now);
        failed += 1;
      } else {
        stalled += 1;
      }
    }
    return { seen: due.length, stalled, failed };
  }
}

export const STALLED = `
  SELECT * FROM tasks
  WHERE status = 'leased' AND stall_due_at IS NOT NULL AND stall_due_at <= ? AND lease_expires_at > ?
  ORDER BY stall_due_at LIMIT ?`;
