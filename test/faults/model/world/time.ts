import type { AttemptOutcome } from '@foreman/jobs';
import { burn, expire } from './attempts';
import { failTask, noteWhatHasCome } from './jobs';
import type { Task, World, WorldClock } from './world';

/** What only the engine can tell of a task, where the contract leaves a choice. */
export interface SeenTask {
  /** How its latest attempt ended, if it did. */
  readonly outcome: AttemptOutcome | null;
  readonly isCancelled: boolean;
  /** It was seen to be available. */
  readonly isDue: boolean;
}

export type Seen = (task: Task) => SeenTask;

/** Both clocks move on. */
export function pass(world: World, ms: number): void {
  world.clock.elapsed += ms;
  noteWhatHasCome(world);
}

/** The wall clock alone is set; the engine does not look at it before its next sweep. */
export function jump(world: World, ms: number): void {
  world.clock.wallOffset += ms;
}

/**
 * Ends what time ends. Whatever was counted in time passed is as it was before a jump; only times that somebody named
 * come sooner or later.
 */
export function sweep(world: World, seen: Seen): void {
  world.clock.engineOffset = world.clock.wallOffset;
  noteWhatHasCome(world);
  const { elapsed } = world.clock;
  endInOrder(world, seen, timeOutAt, elapsed, (task) =>
    burn(world, task, 'timed_out', 'task.timed_out', null),
  );
  endInOrder(world, seen, expiresAt, elapsed, (task) => expire(world, task));
  endInOrder(world, seen, notStartedAt, elapsed, (task) => failTask(task, 'job.not_started'));
}

/** When something may next end by time; null when nothing will. */
export function nextEnd(world: World): number | null {
  const moments = world.tasks
    .flatMap((task) => [timeOutAt(task), expiresAt(task), notStartedAt(task)])
    .filter((at) => at !== null && at > world.clock.elapsed);
  return moments.length === 0 ? null : Math.min(...moments.map(Number));
}

/** Nobody waits for longer than a failure's `retryAfterSeconds` may say. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * The engine starts anew on what is stored, and believes the wall clock: a jump that nobody noticed before looks like
 * time that has passed, or has not. Each live lease gets one grace of its own length, once.
 */
export function restart(world: World, seen: Seen): void {
  const { clock } = world;
  const aged = clock.wallOffset - clock.engineOffset;
  clock.engineOffset = clock.wallOffset;
  world.spentRequests = [];
  for (const task of world.tasks) {
    age(task, aged);
    if (aged < 0 && task.status === 'queued' && !seen(task).isDue) waitAgain(task, clock);
    bound(task, clock.elapsed);
  }
  noteWhatHasCome(world);
}

function age(task: Task, ms: number): void {
  if (!task.wait.isNamed) task.wait.at -= ms;
  if (task.startBy?.isNamed === false) task.startBy.at -= ms;
  if (task.lease !== null) {
    task.lease.expiresAt -= ms;
    task.lease.leasedAt -= ms;
  }
  for (const attempt of task.attempts) attempt.leasedAt -= ms;
}

/** Nobody saw its time come before the clock was set back: what somebody named is still to come. */
function waitAgain(task: Task, { engineOffset }: WorldClock): void {
  const { wait, startBy } = task;
  if (!wait.hasCome) return;
  wait.hasCome = false;
  if (wait.isNamed && startBy !== null) {
    task.startBy = { at: startBy.at + engineOffset, isNamed: true };
  }
}

/** No more is believed than can be true. */
function bound(task: Task, elapsed: number): void {
  const { lease, wait } = task;
  if (!wait.isNamed) wait.at = Math.min(wait.at, elapsed + LONGEST_WAIT_MS);
  if (lease === null) return;
  const inFull = elapsed + task.job.leaseMs;
  lease.expiresAt = lease.isGraced ? Math.min(lease.expiresAt, inFull) : inFull;
  lease.isGraced = true;
  lease.leasedAt = Math.min(lease.leasedAt, elapsed);
}

function timeOutAt({ lease, job }: Task): number | null {
  return lease === null || job.timeoutMs === null ? null : lease.leasedAt + job.timeoutMs;
}

function expiresAt({ lease }: Task): number | null {
  return lease?.expiresAt ?? null;
}

function notStartedAt({ status, attempts, startBy }: Task): number | null {
  const waits = status === 'queued' && attempts.length === 0;
  return waits && startBy?.isNamed === false ? startBy.at : null;
}

/** By their moments. Among equals the order is the engine's: what it cancelled instead came after what failed. */
function endInOrder(
  world: World,
  seen: Seen,
  momentOf: (task: Task) => number | null,
  now: number,
  end: (task: Task) => void,
): void {
  const due = world.tasks.flatMap((task) => {
    const at = momentOf(task);
    return at === null || at > now ? [] : [{ task, at, rank: rankOf(task, seen(task)) }];
  });
  due.sort((a, b) => a.at - b.at || a.rank - b.rank);
  for (const { task, at } of due) {
    if (momentOf(task) === at) end(task);
  }
}

function rankOf(task: Task, { outcome, isCancelled }: SeenTask): number {
  return isCancelled && (task.lease === null || outcome === 'cancelled') ? 1 : 0;
}
