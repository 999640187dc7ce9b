import { Injectable } from '@nestjs/common';
import { sqlRows, type SqlValue, type Tx } from '@foreman/database';
import { IdSource } from '@foreman/kernel';
import {
  JobEvents,
  JobLifecycle,
  TaskDeadlines,
  TaskEntity,
  chargeQueue,
  claimHeads,
  dropEmptyGroups,
  groupOfClass,
  type ClaimHead,
  type Demander,
} from '@foreman/jobs';

/** Looks of one claim: behind so many groups that turned out to hold nothing, it goes on in another unit of work. */
const LOOKS = 100;

/** What a claim came to. */
export interface Claim {
  readonly task: TaskEntity | null;
  /** It has not looked at everything that this edge may run: there may be a task all the same. */
  readonly isUnfinished: boolean;
}

/** queued -> leased: picks the best task that an edge can run, and takes it. */
@Injectable()
export class TaskClaim {
  constructor(
    private readonly ids: IdSource,
    private readonly events: JobEvents,
    private readonly jobs: JobLifecycle,
    private readonly deadlines: TaskDeadlines,
  ) {}

  /**
   * From the queue whose turn it is by its weight; within it higher priority first, then the oldest.
   * One guarded statement picks and takes; task, attempt, event and the job's start go together.
   */
  async take(
    tx: Tx,
    demander: Demander,
    leaseRequestId: string | null,
    now: number,
  ): Promise<Claim> {
    // Their tasks are there, and cannot be leased any more: the sweep is about to fail them.
    const overdue = new Set<string>();
    for (let look = 0; look < LOOKS; look += 1) {
      const heads = await claimHeads(tx, demander, 2 + overdue.size);
      const next = firstOf(heads.filter(({ queue }) => !overdue.has(queue)));
      if (next === null) return { task: null, isUnfinished: false };
      const task = await this.takeFrom(tx, demander.edgeId, next.queue, heads, leaseRequestId, now);
      if (task !== null) {
        await chargeQueue(tx, next, heads);
        return { task, isUnfinished: false };
      }
      let dropped = 0;
      for (const head of heads.filter(({ queue }) => queue === next.queue)) {
        dropped += await dropEmptyGroups(tx, head, demander.edgeId);
      }
      if (dropped === 0) overdue.add(next.queue);
    }
    return { task: null, isUnfinished: true };
  }

  /** The best task that all classes of the edge have in this queue. */
  private async takeFrom(
    tx: Tx,
    edgeId: string,
    queue: string,
    heads: readonly ClaimHead[],
    leaseRequestId: string | null,
    now: number,
  ): Promise<TaskEntity | null> {
    const leaseToken = this.ids.uuid();
    const textsOf = (areOwn: boolean) => [
      ...new Set(
        heads.filter(({ isOwn }) => isOwn === areOwn).map((head) => groupOfClass(head, queue)),
      ),
    ];
    const groups = { openGroups: textsOf(false), ownGroups: textsOf(true) };
    const { sql, params } = claimStatement(edgeId, groups, leaseToken, now);
    const [task] = await tx.entities(TaskEntity, sql, params);
    if (task === undefined) return null;
    await tx.insert('attempts', {
      task_id: task.id,
      number: task.attempt,
      edge_id: edgeId,
      lease_token: leaseToken,
      lease_request_id: leaseRequestId,
      leased_at: now,
    });
    await this.events.recordOfTask(tx, 'task.leased', task, now, { edgeId });
    await this.jobs.start(tx, task.jobId, now);
    tx.afterCommit(() => this.deadlines.noteOfLease(task));
    return task;
  }
}

/** The one that is furthest behind; among equals the first by name. */
function firstOf(heads: readonly ClaimHead[]): ClaimHead | null {
  let first: ClaimHead | null = null;
  for (const head of heads) {
    const isBefore =
      first === null ||
      head.position < first.position ||
      (head.position === first.position && head.queue < first.queue);
    if (isBefore) first = head;
  }
  return first;
}

/** Texts of claim groups in one queue. */
interface QueueGroups {
  /** Of tasks for any edge. */
  readonly openGroups: readonly string[];
  /** Of tasks that are assigned to this edge. */
  readonly ownGroups: readonly string[];
}

/**
 * The best candidate of each group comes from a partial index without a sort; the outer query picks
 * among those few.
 */
export function claimStatement(
  edgeId: string,
  { openGroups, ownGroups }: QueueGroups,
  leaseToken: string,
  now: number,
): { readonly sql: string; readonly params: SqlValue[] } {
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
