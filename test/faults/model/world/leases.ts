import { isDeepStrictEqual } from 'node:util';
import {
  Divergence,
  engineTime,
  type Edge,
  type Job,
  type LeaseBody,
  type Task,
  type World,
} from './world';

/** A task as the engine gave it to an edge. */
export interface Granted {
  readonly taskId: string;
  readonly token: string;
  readonly attempt: number;
  readonly leaseExpiresAt: number;
  readonly serverTime: number;
  readonly resume: unknown;
}

/**
 * Holds the leases that the engine granted against what the edge may have, and follows its choice: any task that is
 * the best of its queue. Which queue comes first is a matter of shares.
 */
export function takeGranted(
  world: World,
  edge: Edge,
  body: LeaseBody,
  request: string | null,
  granted: readonly Granted[],
): void {
  const may = Math.min(
    body.max,
    freeLeases(world, edge),
    claimable(world, edge, body.kinds).length,
  );
  if (granted.length !== may) {
    throw new Divergence(`${may} tasks were to be leased, and ${granted.length} were`);
  }
  for (const grant of granted) {
    const open = claimable(world, edge, body.kinds);
    const task = open.find(({ id }) => id === grant.taskId);
    if (task === undefined) throw new Divergence(`${grant.taskId} was not to be leased`);
    const better = open.find(
      (other) => other.job.queue === task.job.queue && isBefore(other, task),
    );
    if (better !== undefined) throw new Divergence(`${better.id} comes before ${task.id}`);
    takeOne(world, edge, body, request, task, grant);
  }
}

/** The tasks that still live of those that a request leased: a repeat is answered these, as they are, and leases nothing. */
export function livingOf(world: World, request: string): Task[] {
  return world.tasks.filter((task) => task.lease?.attempt.request === request);
}

/** A lease as its edge is told of it. */
export function grantedOf(world: World, task: Task, isResuming: boolean): Granted {
  const { lease } = task;
  if (lease === null) throw new Error('The world tells of a lease that is over');
  const { token, number } = lease.attempt;
  const resume =
    isResuming && number > 1
      ? { resultCount: task.rows.size, processed: task.processed, total: null, status: null }
      : null;
  return {
    taskId: task.id,
    token,
    attempt: number,
    leaseExpiresAt: engineTime(world, lease.expiresAt),
    serverTime: engineTime(world),
    resume,
  };
}

function takeOne(
  world: World,
  edge: Edge,
  body: LeaseBody,
  request: string | null,
  task: Task,
  grant: Granted,
): void {
  const { token } = grant;
  if (world.grants.some((other) => other.token === token)) {
    throw new Divergence(`${task.id} was leased with a token that was there before`);
  }
  const { elapsed } = world.clock;
  const attempt = {
    number: task.attempts.length + 1,
    edgeId: edge.id,
    token,
    request,
    leasedAt: elapsed,
    isStarted: false,
    outcome: null,
    isBurnt: false,
    errorCode: null,
    handedBack: null,
  };
  task.attempts.push(attempt);
  task.status = 'leased';
  task.lease = {
    attempt,
    leasedAt: elapsed,
    expiresAt: elapsed + task.job.leaseMs,
    isGraced: false,
  };
  task.revivable = null;
  if (attempt.number > 1 && !body.isResuming) {
    task.rows = new Set();
    task.processed = 0;
  }
  start(task.job);
  world.grants.push({ task, edgeId: edge.id, token });
  const expected = grantedOf(world, task, body.isResuming);
  if (!isDeepStrictEqual(grant, expected)) {
    throw new Divergence(`leased as ${JSON.stringify(grant)}, not ${JSON.stringify(expected)}`);
  }
}

function start(job: Job): void {
  if (job.status === 'queued') job.status = 'running';
}

/** What this edge can run now. */
function claimable(world: World, edge: Edge, wanted: readonly string[] | null): Task[] {
  const kinds = edge.kinds.filter((kind) => wanted === null || wanted.includes(kind));
  return world.tasks.filter(
    (task) =>
      task.status === 'queued' &&
      task.wait.hasCome &&
      !isTooLate(world, task) &&
      kinds.includes(task.job.kind) &&
      !world.pausedQueues.has(task.job.queue) &&
      (task.assignedEdgeId === null || task.assignedEdgeId === edge.id) &&
      Object.entries(task.requires).every(([name, value]) => edge.labels[name] === value),
  );
}

/** Never leased, and past its `startBySeconds`, though no sweep has failed it yet. */
function isTooLate(world: World, { attempts, startBy }: Task): boolean {
  return attempts.length === 0 && startBy !== null && startBy.at <= world.clock.elapsed;
}

/** Higher priority first, then what is older: `world.tasks` is in the order of submission. */
function isBefore(a: Task, b: Task): boolean {
  if (a.job.priority !== b.job.priority) return a.job.priority > b.job.priority;
  return a.id < b.id;
}

function freeLeases(world: World, edge: Edge): number {
  if (edge.maxLeases === null) return Number.POSITIVE_INFINITY;
  const held = world.tasks.filter((task) => task.lease?.attempt.edgeId === edge.id).length;
  return Math.max(0, edge.maxLeases - held);
}
