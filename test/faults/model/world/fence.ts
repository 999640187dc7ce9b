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
  if (task.revivable === attempt) revive(task, attempt);
  task.lease = { attempt, expiresAt: world.clock.elapsed + task.job.leaseMs, isGraced: false };
  return task;
}

function revive(task: Task, attempt: Attempt): void {
  if (attempt.isBurnt) task.burnt -= 1;
  else task.givenBack -= 1;
  attempt.isBurnt = false;
  attempt.outcome = null;
  attempt.errorCode = null;
  task.revivable = null;
  task.status = 'leased';
}
