import { Injectable } from '@nestjs/common';
import { sqlRows, type SqlValue, type Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import { JobEvents, JobLifecycle, TaskDeadlines, TaskEntity } from '@foreman/jobs';
import type { Claimant } from './claimant';
import type { ClaimableQueue } from './claimable-queues';
import { QueueShares } from './queue-shares';

/** queued -> leased: picks the best task that an edge can run, and takes it. */
@Injectable()
export class TaskClaim {
  constructor(
    private readonly ids: IdSource,
    private readonly events: JobEvents,
    private readonly jobs: JobLifecycle,
    private readonly shares: QueueShares,
    private readonly deadlines: TaskDeadlines,
  ) {}

  /**
   * From the queue whose turn it is by its weight; within it higher priority first, then the oldest.
   * One guarded statement picks and takes; task, attempt, event and the job's start go together. Null
   * when there is nothing for this edge; `queues` loses those that turn out to hold nothing.
   */
  async take(
    tx: Tx,
    claimant: Claimant,
    queues: Map<string, ClaimableQueue>,
    leaseRequestId: string | null,
    now: number,
  ): Promise<TaskEntity | null> {
    for (;;) {
      const queue = this.shares.next(queues.values());
      if (queue === null) return null;
      const task = await this.takeFrom(tx, claimant, queue, leaseRequestId, now);
      if (task !== null) {
        this.shares.charge(queue);
        return task;
      }
      queues.delete(queue.name);
    }
  }

  private async takeFrom(
    tx: Tx,
    claimant: Claimant,
    queue: ClaimableQueue,
    leaseRequestId: string | null,
    now: number,
  ): Promise<TaskEntity | null> {
    const leaseToken = this.ids.uuid();
    const { sql, params } = claimStatement(claimant.edgeId, queue, leaseToken, now);
    const [task] = await tx.entities(TaskEntity, sql, params);
    if (task === undefined) return null;
    await tx.insert('attempts', {
      task_id: task.id,
      number: task.attempt,
      edge_id: claimant.edgeId,
      lease_token: leaseToken,
      lease_request_id: leaseRequestId,
      leased_at: now,
    });
    await this.events.recordOfTask(tx, 'task.leased', task, now, { edgeId: claimant.edgeId });
    await this.jobs.start(tx, task.jobId, now);
    tx.afterCommit(() => this.deadlines.noteOfLease(task));
    return task;
  }
}

interface Statement {
  readonly sql: string;
  readonly params: SqlValue[];
}

/**
 * The best candidate of each group comes from a partial index without a sort; the outer query picks
 * among those few.
 */
export function claimStatement(
  edgeId: string,
  queue: Pick<ClaimableQueue, 'openGroups' | 'ownGroups'>,
  leaseToken: string,
  now: number,
): Statement {
  const { openGroups, ownGroups } = queue;
  const candidates: string[] = [];
  const candidateParams: SqlValue[] = [];
  if (openGroups.length > 0) {
    const { marks, params } = sqlRows(openGroups.map((group) => [group]));
    candidates.push(candidatesOf(marks, 'assigned_edge_id IS NULL'));
    candidateParams.push(now, ...params);
  }
  if (ownGroups.length > 0) {
    const { marks, params } = sqlRows(ownGroups.map((group) => [group]));
    candidates.push(candidatesOf(marks, 'assigned_edge_id = ?'));
    candidateParams.push(edgeId, now, ...params);
  }
  return {
    sql: `
      UPDATE tasks SET status = 'leased', lease_token = ?, lease_edge_id = ?, leased_at = ?,
        lease_expires_at = ? + lease_seconds * 1000, stall_due_at = ? + stall_seconds * 1000,
        attempt = attempt + 1, is_started = 0, is_graced = 0, start_by_at = NULL, progress_rate = NULL,
        revivable_token = NULL, revivable_edge_id = NULL
      WHERE status = 'queued' AND id = (
        SELECT tasks.id FROM (${candidates.join(' UNION ALL ')}) candidates
        JOIN tasks ON tasks.id = candidates.id
        ORDER BY tasks.priority DESC, tasks.id LIMIT 1)
      RETURNING *`,
    params: [leaseToken, edgeId, now, now, now, ...candidateParams],
  };
}

function candidatesOf(groups: string, assignment: string): string {
  return `
    SELECT (
      SELECT id FROM tasks
      WHERE status = 'queued' AND is_due = 1 AND ${assignment} AND claim_group = groups.column1
        AND (start_by_at IS NULL OR start_by_at > ?)
      ORDER BY priority DESC, id LIMIT 1) AS id
    FROM (VALUES ${groups}) groups`;
}
