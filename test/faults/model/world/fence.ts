import { Refusal, attemptOf, type Attempt, type Grant, type Task, type World } from './world';

/**
 * The attempt that a call may go on with: one whose lease lives, or one that expired and that nobody has taken the
 * task from since. Changes nothing: a call may be refused for another reason yet.
 */
export function attemptHeldBy({ task, edgeId, token }: Grant): Attempt {
  const attempt = attemptOf(task, edgeId, token);
  const isAlive = task.lease !== null && task.lease.attempt === attempt;
  const isRevivable = task.revivable !== null && task.revivable === attempt;
  if (attempt !== undefined && (isAlive || isRevivable)) return attempt;
  const hasHeld = task.attempts.some((other) => other.edgeId === edgeId);
  if (!hasHeld) throw new Refusal('task.not_found');
  const { id, status, attempts } = task;
  throw new Refusal('lease.lost', { task: { id, status, attempt: attempts.length } });
}

/** An accepted call: extends the lease, or revives it as if it had never expired. */
export function hold(world: World, grant: Grant): Task {
  const attempt = attemptHeldBy(grant);
  const { task } = grant;
  const { elapsed } = world.clock;
  if (task.revivable === attempt) revive(task, attempt, elapsed);
  const leasedAt = task.lease?.leasedAt ?? attempt.leasedAt;
  task.lease = { attempt, leasedAt, expiresAt: elapsed + task.job.leaseMs, isGraced: false };
  return task;
}

function revive(task: Task, attempt: Attempt, elapsed: number): void {
  if (attempt.isBurnt) task.burnt -= 1;
  else task.givenBack -= 1;
  attempt.isBurnt = false;
  attempt.leasedAt = Math.min(attempt.leasedAt, elapsed);
  attempt.outcome = null;
  attempt.errorCode = null;
  task.revivable = null;
  task.status = 'leased';
}
