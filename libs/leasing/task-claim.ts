import { Injectable } from '@nestjs/common';
import type { SqlValue, Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import { JobEvents, JobLifecycle, TaskEntity } from '@foreman/jobs';

/** An edge that asks for a task, with the kinds that this poll wants. */
export interface Claimant {
  readonly edgeId: string;
  readonly kinds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** queued -> leased: picks the best task that an edge can run, and takes it. */
@Injectable()
export class TaskClaim {
  constructor(
    private readonly ids: IdSource,
    private readonly events: JobEvents,
    private readonly jobs: JobLifecycle,
  ) {}

  /**
   * One guarded statement picks and takes: higher priority first, then the oldest. Task, attempt,
   * event and the job's start go together. Null when there is nothing for this edge.
   */
  async take(
    tx: Tx,
    claimant: Claimant,
    leaseRequestId: string | null,
    now: number,
  ): Promise<TaskEntity | null> {
    if (claimant.kinds.length === 0) return null;
    const leaseToken = this.ids.uuid();
    const { sql, params } = claimStatement(claimant, leaseToken, now);
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
    return task;
  }
}

interface Statement {
  readonly sql: string;
  readonly params: SqlValue[];
}

/**
 * The best candidate of each kind comes from a partial index without a sort; the outer query picks
 * among those few.
 */
export function claimStatement(claimant: Claimant, leaseToken: string, now: number): Statement {
  const labels = Object.entries(claimant.labels).map(([name, value]) => `${name}=${value}`);
  const candidates: string[] = [];
  const params: SqlValue[] = [leaseToken, claimant.edgeId, now, now];
  for (const kind of claimant.kinds) {
    candidates.push(candidate('assigned_edge_id IS NULL', labels.length));
    params.push(kind, now, now, ...labels);
    candidates.push(candidate('assigned_edge_id = ?', labels.length));
    params.push(claimant.edgeId, kind, now, now, ...labels);
  }
  return {
    sql: `
      UPDATE tasks SET status = 'leased', lease_token = ?, lease_edge_id = ?, leased_at = ?,
        lease_expires_at = ? + lease_seconds * 1000, attempt = attempt + 1, is_started = 0,
        revivable_token = NULL, revivable_edge_id = NULL
      WHERE status = 'queued' AND id = (
        SELECT id FROM (${candidates.join(' UNION ALL ')}) candidates
        ORDER BY priority DESC, id LIMIT 1)
      RETURNING *`,
    params,
  };
}

function candidate(assignment: string, labelCount: number): string {
  const unmet =
    labelCount === 0
      ? ''
      : `AND label NOT IN (${Array.from({ length: labelCount }, () => '?').join(', ')})`;
  return `
    SELECT * FROM (
      SELECT id, priority FROM tasks
      WHERE status = 'queued' AND ${assignment} AND kind = ? AND available_at <= ?
        AND (start_by_at IS NULL OR start_by_at > ? OR attempt > 0)
        AND NOT EXISTS (SELECT 1 FROM queues WHERE name = tasks.queue AND is_paused = 1)
        AND (requires IS NULL OR NOT EXISTS (
          SELECT 1 FROM task_requirements WHERE task_id = tasks.id ${unmet}))
      ORDER BY priority DESC, id LIMIT 1) best`;
}
