import type { JobStatus } from '@foreman/jobs';
import { attemptUnderWay, burn, requeue } from './attempts';
import { attemptHeldBy, hold } from './fence';
import { settle } from './jobs';
import {
  Refusal,
  attemptOf,
  engineTime,
  type Edge,
  type Grant,
  type HandedBack,
  type World,
} from './world';

export interface Beat {
  readonly started?: boolean;
  readonly processed?: number;
}

export interface BeatAnswer {
  readonly taskId: string;
  readonly action: 'continue' | 'cancel' | 'lost';
  readonly leaseExpiresAt: number | null;
  readonly leaseSeconds: number | null;
}

const OVER = { leaseExpiresAt: null, leaseSeconds: null } as const;

/** A heartbeat that does not say `started: false` starts the attempt. The lease that a cancellation ended is told so. */
export function heartbeat(world: World, grant: Grant, beat: Beat): BeatAnswer {
  const { task } = grant;
  if (wasCancelled(grant)) return { taskId: task.id, action: 'cancel', ...OVER };
  hold(world, grant);
  if (beat.started !== false) attemptUnderWay(task).isStarted = true;
  if (beat.processed !== undefined) task.processed = beat.processed;
  const { leaseMs } = task.job;
  const leaseExpiresAt = engineTime(world, world.clock.elapsed + leaseMs);
  return { taskId: task.id, action: 'continue', leaseExpiresAt, leaseSeconds: leaseMs / 1000 };
}

/** One call for all that an edge holds: what is lost costs it nothing else. */
export function heartbeatOfAll(world: World, grants: readonly Grant[]): BeatAnswer[] {
  return grants.map((grant) => {
    try {
      return heartbeat(world, grant, {});
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { taskId: grant.task.id, action: 'lost', ...OVER };
    }
  });
}

/** A row is keyed by its config: a repeat replaces. */
export function postRows(
  world: World,
  grant: Grant,
  configIds: readonly string[],
): { received: number; stored: number } {
  const { rows } = hold(world, grant);
  attemptUnderWay(grant.task).isStarted = true;
  for (const configId of configIds) rows.add(configId);
  return { received: configIds.length, stored: rows.size };
}

/** The job's status, and whether this is a repeat. */
export function complete(
  world: World,
  grant: Grant,
  resultCount: number | null,
): { jobStatus: JobStatus; isRepeat: boolean } {
  const { task } = grant;
  const { job } = task;
  if (attemptOf(task, grant.edgeId, grant.token)?.outcome === 'completed') {
    return { jobStatus: job.status, isRepeat: true };
  }
  attemptHeldBy(grant);
  if (resultCount !== null && resultCount !== task.rows.size) {
    throw new Refusal('results.incomplete', { stored: task.rows.size, expected: resultCount });
  }
  hold(world, grant);
  attemptUnderWay(task).outcome = 'completed';
  task.status = 'completed';
  task.lease = null;
  settle(job);
  return { jobStatus: job.status, isRepeat: false };
}

export interface Failure {
  readonly isRetryable: boolean;
  readonly retryAfterSeconds: number | null;
}

export function fail(world: World, grant: Grant, failure: Failure): HandedBack {
  const before = handedBackBy(grant, 'failed');
  if (before !== null) return before;
  const attempt = attemptUnderWay(hold(world, grant));
  const waitMs = failure.retryAfterSeconds === null ? null : failure.retryAfterSeconds * 1000;
  const after = failure.isRetryable ? waitMs : 'never';
  attempt.handedBack = burn(world, grant.task, 'failed', FAILURE_CODE, after);
  return attempt.handedBack;
}

export function release(world: World, grant: Grant): HandedBack {
  const before = handedBackBy(grant, 'released');
  if (before !== null) return before;
  const attempt = attemptUnderWay(hold(world, grant));
  attempt.handedBack = requeue(world, grant.task, 'released', 0);
  return attempt.handedBack;
}

/** Its leases are queued again, unburnt, and those that expired are over. Answers how many it held. */
export function revoke(world: World, edge: Edge): number {
  const held = world.tasks.filter((task) => task.lease?.attempt.edgeId === edge.id);
  for (const task of held) requeue(world, task, 'revoked', 0);
  for (const task of world.tasks) if (task.revivable?.edgeId === edge.id) task.revivable = null;
  return held.length;
}

/** What the edges of the runs say when they fail. */
export const FAILURE_CODE = 'model.failed';

function handedBackBy(grant: Grant, outcome: 'failed' | 'released'): HandedBack | null {
  const attempt = attemptOf(grant.task, grant.edgeId, grant.token);
  return attempt?.outcome === outcome ? attempt.handedBack : null;
}

function wasCancelled({ task, edgeId, token }: Grant): boolean {
  const last = task.attempts.at(-1);
  const isLast = last !== undefined && last.token === token && last.edgeId === edgeId;
  return isLast && last.outcome === 'cancelled' && task.status === 'cancelled';
}
