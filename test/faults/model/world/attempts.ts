import type { AttemptOutcome } from '@foreman/jobs';
import { failTask } from './jobs';
import { engineTime, type Attempt, type HandedBack, type Task, type World } from './world';

/** "at most five times for a task" (contract). */
const GIVEN_BACK_AT_MOST = 5;

/** "1 s doubling to 5 min" (state-machine.md); the engine under test draws no jitter. */
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 300_000;

/** The lease ran out. */
export function expire(world: World, task: Task): void {
  const attempt = attemptUnderWay(task);
  if (attempt.isStarted || task.givenBack >= GIVEN_BACK_AT_MOST) {
    burn(world, task, 'expired', 'lease.expired', null);
  } else {
    task.givenBack += 1;
    requeue(world, task, 'expired', 0);
  }
  // A failed task never changes again; one that waits can go on where it was.
  if (task.status === 'queued') task.revivable = attempt;
  attempt.errorCode = 'lease.expired';
}

/** Burnt: queued again while attempts remain and there is a sense in it, else failed. `waitMs` null: the backoff's. */
export function burn(
  world: World,
  task: Task,
  outcome: AttemptOutcome,
  errorCode: string,
  waitMs: number | null | 'never',
): HandedBack {
  const attempt = attemptUnderWay(task);
  attempt.isBurnt = true;
  attempt.errorCode = errorCode;
  task.burnt += 1;
  if (waitMs !== 'never' && task.burnt < task.job.maxAttempts) {
    return requeue(world, task, outcome, waitMs ?? backoffMs(task.burnt));
  }
  attempt.outcome = outcome;
  failTask(task, errorCode);
  return { status: 'failed', availableAt: null };
}

export function requeue(
  world: World,
  task: Task,
  outcome: AttemptOutcome,
  waitMs: number,
): HandedBack {
  const { elapsed } = world.clock;
  attemptUnderWay(task).outcome = outcome;
  task.status = 'queued';
  task.lease = null;
  task.wait = { at: elapsed + waitMs, isNamed: false, hasCome: waitMs === 0 };
  return { status: 'queued', availableAt: engineTime(world, elapsed + waitMs) };
}

export function attemptUnderWay(task: Task): Attempt {
  if (task.lease === null) throw new Error('The world ends an attempt that is not under way');
  return task.lease.attempt;
}

function backoffMs(burnt: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (burnt - 1));
}
