import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { Clock, isoTime } from '@foreman/kernel';
import { TaskEntity, getJob, hasLabels, type JobStatus } from '@foreman/jobs';
import { EdgeEntity } from '@foreman/edges';
import { heldLeases } from '../ending/held-leases';
import { whyStalled } from './why-stalled';

export type ExplainCode =
  | 'no_capable_edge'
  | 'assigned_edge_offline'
  | 'queue_paused'
  | 'not_yet_available'
  | 'edges_busy'
  | 'draining'
  | 'task_stalled';

export interface Explanation {
  readonly status: JobStatus;
  readonly reasons: readonly { readonly code: ExplainCode; readonly detail: string }[];
}

/** An edge that has not called for this long counts as offline: three of the longest polls. */
const OFFLINE_AFTER_MS = 150_000;

/** Tasks of a job that are looked at: they mostly wait for the same reasons. */
const TASKS_LIMIT = 100;

/** Edges that are looked at, most recently seen first. */
const EDGES_LIMIT = 1000;

/** An edge, and whether it holds as many leases as it may. */
interface KnownEdge {
  readonly edge: EdgeEntity;
  readonly isFull: boolean;
}

/** Tells why a job's queued tasks are not running, and which of its leased ones do not advance. */
@Injectable()
export class JobExplain {
  constructor(private readonly clock: Clock) {}

  /** One reason of each code at the most; none for a job of which nothing waits or stands still. @throws `job.not_found`. */
  async explain(db: Queryable, jobId: string): Promise<Explanation> {
    const job = await getJob(db, jobId);
    const now = this.clock.now();
    const queued = await db.entities(
      TaskEntity,
      `SELECT * FROM tasks WHERE job_id = ? AND status = 'queued' ORDER BY task_index LIMIT ?`,
      [jobId, TASKS_LIMIT],
    );
    const reasons = new Map<ExplainCode, string>();
    if (queued.length > 0) {
      if (await isPaused(db, job.queue))
        reasons.set('queue_paused', `Queue ${job.queue} is paused.`);
      const edges = await knownEdges(db);
      for (const task of queued) {
        const reason = whyWaiting(task, edges, now);
        if (!reasons.has(reason.code)) reasons.set(reason.code, reason.detail);
      }
    }
    const stalled = await whyStalled(db, jobId);
    if (stalled !== null) reasons.set('task_stalled', stalled);
    return {
      status: job.status,
      reasons: [...reasons].map(([code, detail]) => ({ code, detail })),
    };
  }
}

async function isPaused(db: Queryable, queue: string): Promise<boolean> {
  const paused = await db.query('SELECT 1 FROM queues WHERE name = ? AND is_paused = 1', [queue]);
  return paused.length > 0;
}

async function knownEdges(db: Queryable): Promise<KnownEdge[]> {
  const edges = await db.entities(
    EdgeEntity,
    'SELECT * FROM edges WHERE revoked_at IS NULL ORDER BY last_seen_at DESC LIMIT ?',
    [EDGES_LIMIT],
  );
  const limited = edges.filter((edge) => edge.maxLeases !== null);
  const held = await heldLeases(db, limited);
  return edges.map((edge) => ({
    edge,
    isFull: edge.maxLeases !== null && (held.get(edge.id) ?? 0) >= edge.maxLeases,
  }));
}

function whyWaiting(
  task: TaskEntity,
  edges: readonly KnownEdge[],
  now: number,
): { code: ExplainCode; detail: string } {
  const at = `Task ${task.taskIndex}`;
  if (task.availableAt > now) {
    const detail = `${at} becomes available at ${isoTime(task.availableAt)}.`;
    return { code: 'not_yet_available', detail };
  }
  const capable = edges.filter(({ edge }) => isCapable(edge, task));
  const online = capable.filter(({ edge }) => now - (edge.lastSeenAt ?? 0) <= OFFLINE_AFTER_MS);
  if (task.assignedEdgeId !== null && online.length === 0) {
    const detail = `${at} is assigned to edge ${task.assignedEdgeId}, which is not calling or cannot run it.`;
    return { code: 'assigned_edge_offline', detail };
  }
  if (online.length === 0) {
    const detail = `${at}: no edge that calls can run kind ${task.kind}${labelsText(task)}.`;
    return { code: 'no_capable_edge', detail };
  }
  const running = online.filter(({ edge }) => edge.desired === 'run');
  if (running.length === 0) {
    return { code: 'draining', detail: `${at}: every edge that could run it drains or stops.` };
  }
  const busy = running.every(({ isFull }) => isFull)
    ? 'hold as many leases as they may (maxLeases)'
    : 'have not asked for it yet';
  return { code: 'edges_busy', detail: `${at}: the edges that can run it ${busy}.` };
}

function isCapable(edge: EdgeEntity, task: TaskEntity): boolean {
  return (
    edge.kinds.includes(task.kind) &&
    (task.assignedEdgeId === null || task.assignedEdgeId === edge.id) &&
    hasLabels(edge.labels, task.requires)
  );
}

function labelsText(task: TaskEntity): string {
  return task.requires === null ? '' : ` with labels ${JSON.stringify(task.requires)}`;
}
