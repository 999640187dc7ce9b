import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { JobChanges } from './job-changes';
import { JobEvents } from './job-events';
import { TaskDeadlines } from './task-deadlines';
import type { TaskEntity } from './task.entity';

/** A task that goes on, or stands still, while its lease lives. */
@Injectable()
export class TaskAdvance {
  constructor(
    private readonly events: JobEvents,
    private readonly changes: JobChanges,
    private readonly deadlines: TaskDeadlines,
  ) {}

  /**
   * Its counters moved, or it has new rows: the time after which it has stalled starts anew, and a mark
   * goes. `task` is the row that the fence has answered in this transaction. For a job without `stallSeconds` whoever
   * watches it is told, and that is all.
   */
  async advance(tx: Tx, task: TaskEntity, now: number): Promise<void> {
    const { id, jobId, leaseToken, stallSeconds, stalledAt } = task;
    this.changes.announce(tx, jobId);
    if (stallSeconds === null) return;
    const stallDueAt = now + stallSeconds * 1000;
    const changed = await tx.execute(ADVANCE, [stallDueAt, id, leaseToken]);
    if (changed !== 1) throw new Error('A task advanced without the lease that it was fenced by');
    if (stalledAt === null) return;
    await this.events.recordOfTask(tx, 'task.advanced', task, now);
    tx.afterCommit(() => this.deadlines.note(stallDueAt));
  }

  /**
   * Its counters stood still until `stallDueAt`: marked as stalled from then on.
   * @returns false when it has advanced, or its lease has ended, since `task` was read
   */
  async mark(tx: Tx, task: TaskEntity, now: number): Promise<boolean> {
    const { id, leaseToken, stallDueAt } = task;
    if ((await tx.execute(MARK, [id, leaseToken, stallDueAt])) === 0) return false;
    await this.events.recordOfTask(tx, 'task.stalled', task, now);
    return true;
  }
}

const ADVANCE = `
  UPDATE tasks SET stall_due_at = ?, stalled_at = NULL
  WHERE id = ? AND status = 'leased' AND lease_token = ?`;

const MARK = `
  UPDATE tasks SET stalled_at = stall_due_at, stall_due_at = NULL
  WHERE id = ? AND status = 'leased' AND lease_token = ? AND stall_due_at = ?`;
