import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { DomainError } from '@foreman/kernel';
import { JobEvents } from './job-events';
import { TaskDeadlines } from './task-deadlines';
import { TaskEntity } from './task.entity';

/** Who claims to hold which task, at what time. */
export interface LeaseClaim {
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The one judge of whether a lease lives: every task call passes here, inside its transaction.
 * A lease lives while its task says `leased` with this token and this edge, whatever the clock says;
 * one that expired lives again when its holder calls before anybody else took the task.
 */
@Injectable()
export class LeaseFence {
  constructor(
    private readonly events: JobEvents,
    private readonly deadlines: TaskDeadlines,
  ) {}

  /**
   * Extends the lease by its task's `leaseSeconds` and answers the task.
   * @throws `lease.lost` with the task's present state; `task.not_found` when this edge never held it.
   */
  async hold(tx: Tx, claim: LeaseClaim): Promise<TaskEntity> {
    const [held] = await tx.entities(TaskEntity, EXTEND, [
      claim.now,
      claim.taskId,
      claim.leaseToken,
      claim.edgeId,
    ]);
    return held ?? (await this.revive(tx, claim)) ?? (await this.refuse(tx, claim));
  }

  /** The same for a call that proves that the work has begun: it burns the attempt if the lease expires later. */
  async holdStarted(tx: Tx, claim: LeaseClaim): Promise<TaskEntity> {
    const task = await this.hold(tx, claim);
    if (task.isStarted) return task;
    await tx.execute('UPDATE tasks SET is_started = 1 WHERE id = ?', [task.id]);
    await tx.execute(
      'UPDATE attempts SET started_at = ? WHERE task_id = ? AND number = ? AND started_at IS NULL',
      [claim.now, task.id, task.attempt],
    );
    return { ...task, isStarted: true };
  }

  private async revive(tx: Tx, claim: LeaseClaim): Promise<TaskEntity | null> {
    const { taskId, leaseToken, edgeId, now } = claim;
    const [attempt] = await tx.query<ExpiredAttempt>(FIND_EXPIRED, [taskId, leaseToken, edgeId]);
    if (attempt === undefined) return null;
    // It has not begun in the future, though a clock that was set back while the gateway was down says so.
    const leasedAt = Math.min(Number(attempt.leased_at), now);
    const [revived] = await tx.entities(TaskEntity, REVIVE, [
      now,
      leasedAt,
      attempt.started_at !== null,
      now,
      attempt.is_burnt,
      1 - attempt.is_burnt,
      taskId,
      leaseToken,
      edgeId,
    ]);
    if (revived === undefined) return null;
    await tx.execute(REOPEN_ATTEMPT, [leasedAt, taskId, leaseToken]);
    tx.afterCommit(() => this.deadlines.noteOfLease(revived));
    await this.events.recordOfTask(tx, 'task.revived', revived, now);
    return revived;
  }

  private async refuse(tx: Tx, claim: LeaseClaim): Promise<never> {
    const [task] = await tx.query<{ id: string; status: string; attempt: number }>(
      `SELECT id, status, attempt FROM tasks WHERE id = ?
         AND EXISTS (SELECT 1 FROM attempts WHERE task_id = tasks.id AND edge_id = ?)`,
      [claim.taskId, claim.edgeId],
    );
    if (task === undefined) throw taskNotFound(claim.taskId);
    throw new DomainError('lease.lost', 'This lease is over; stop working on the task.', { task });
  }
}

interface ExpiredAttempt {
  readonly is_burnt: number;
  readonly leased_at: number;
  readonly started_at: number | null;
}

/** Also said of a task that exists, to an edge that never held it (contract). */
export function taskNotFound(taskId: string): DomainError {
  return new DomainError('task.not_found', `There is no task ${taskId} that this edge has held.`);
}

const EXTEND = `
  UPDATE tasks SET lease_expires_at = ? + lease_seconds * 1000, is_graced = 0
  WHERE id = ? AND status = 'leased' AND lease_token = ? AND lease_edge_id = ?
  RETURNING *`;

const FIND_EXPIRED = `
  SELECT attempts.is_burnt, attempts.leased_at, attempts.started_at
  FROM tasks
  JOIN attempts ON attempts.task_id = tasks.id AND attempts.lease_token = tasks.revivable_token
  WHERE tasks.id = ? AND tasks.status = 'queued'
    AND tasks.revivable_token = ? AND tasks.revivable_edge_id = ?`;

/** What the expiry burnt, or gave back, is undone with it. */
const REVIVE = `
  UPDATE tasks SET status = 'leased', lease_token = revivable_token, lease_edge_id = revivable_edge_id,
    lease_expires_at = ? + lease_seconds * 1000, leased_at = ?, is_started = ?, is_graced = 0,
    stall_due_at = ? + stall_seconds * 1000, stalled_at = NULL,
    revivable_token = NULL, revivable_edge_id = NULL,
    burnt_attempts = burnt_attempts - ?, returned_expiries = returned_expiries - ?
  WHERE id = ? AND status = 'queued' AND revivable_token = ? AND revivable_edge_id = ?
  RETURNING *`;

const REOPEN_ATTEMPT = `
  UPDATE attempts SET leased_at = ?, outcome = NULL, ended_at = NULL, is_burnt = 0, error_code = NULL,
    error_message = NULL, retry_at = NULL
  WHERE task_id = ? AND lease_token = ?`;
