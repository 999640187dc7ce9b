import { isDeepStrictEqual } from 'node:util';
import type { RealState } from './real/real-state';
import type { Seen } from './world/time';
import { Divergence, engineTime, type Task, type World } from './world/world';

/** Holds everything that is stored against the world. @throws Divergence that names each field. */
export function compareState(world: World, real: RealState): void {
  const differences = [
    ...differencesOf(
      'job',
      real.jobs,
      world.jobs.map((job) => ({ id: job.id, status: job.status })),
    ),
    ...differencesOf(
      'task',
      real.tasks,
      world.tasks.map((task) => taskRow(world, task)),
    ),
    ...differencesOf('attempt', real.attempts, world.tasks.flatMap(attemptRows)),
    ...world.jobs.flatMap((job) => errorDifferences(real, job.id, job.tasks)),
  ];
  if (differences.length > 0) throw new Divergence(differences.join('\n'));
}

/** What a sweep or a restart left behind, where the world has to be told. */
export function seenIn(real: RealState): Seen {
  const tasks = new Map(real.tasks.map((row) => [row['id'], row]));
  const latest = new Map(real.attempts.map((row) => [row['task_id'], row]));
  return (task) => {
    const row = tasks.get(task.id);
    const outcome = latest.get(task.id)?.['outcome'];
    return {
      outcome: outcome === 'cancelled' ? 'cancelled' : null,
      isCancelled: row?.['status'] === 'cancelled',
      isDue: row?.['is_due'] === 1,
    };
  };
}

type Row = Readonly<Record<string, unknown>>;

function taskRow(world: World, task: Task): Row {
  const { lease, revivable, wait } = task;
  const at = (elapsed: number) => engineTime(world, elapsed);
  return {
    id: task.id,
    status: task.status,
    attempt: task.attempts.length,
    burnt_attempts: task.burnt,
    returned_expiries: task.givenBack,
    lease_token: lease?.attempt.token ?? null,
    lease_edge_id: lease?.attempt.edgeId ?? null,
    lease_expires_at: lease === null ? null : at(lease.expiresAt),
    leased_at: lease === null ? null : at(lease.leasedAt),
    is_started: lease === null ? null : Number(lease.attempt.isStarted),
    is_graced: lease === null ? null : Number(lease.isGraced),
    revivable_token: revivable?.token ?? null,
    revivable_edge_id: revivable?.edgeId ?? null,
    ...(task.status === 'queued' &&
      !wait.hasCome && { available_at: wait.isNamed ? wait.at : at(wait.at) }),
    processed: task.processed,
    result_count: task.rows.size,
    error_code: task.errorCode,
  };
}

function attemptRows(task: Task): Row[] {
  return task.attempts.map((attempt) => ({
    task_id: task.id,
    number: attempt.number,
    edge_id: attempt.edgeId,
    lease_token: attempt.token,
    is_started: Number(attempt.isStarted),
    outcome: attempt.outcome,
    is_burnt: Number(attempt.isBurnt),
    error_code: attempt.errorCode,
  }));
}

function differencesOf(what: string, real: readonly Row[], expected: readonly Row[]): string[] {
  const known = new Map(real.map((row) => [nameOf(row), row]));
  const found = expected.flatMap((row) => {
    const stored = known.get(nameOf(row));
    if (stored === undefined) return [`${what} ${nameOf(row)} is not stored`];
    return Object.entries(row)
      .filter(([field, value]) => !isDeepStrictEqual(stored[field], value))
      .map(
        ([field, value]) =>
          `${what} ${nameOf(row)}: ${field} is ${String(stored[field])}, not ${String(value)}`,
      );
  });
  if (real.length === expected.length) return found;
  return [...found, `${real.length} ${what}s are stored, not ${expected.length}`];
}

function nameOf(row: Row): string {
  return String(row['id'] ?? `${String(row['task_id'])}/${String(row['number'])}`);
}

/** A job that failed tells the error of a task of it that failed; no other job tells one. */
function errorDifferences(real: RealState, jobId: string, tasks: readonly Task[]): string[] {
  const job = real.jobs.find((row) => row['id'] === jobId);
  const isFailed = job?.['status'] === 'failed';
  const errors = tasks.filter((task) => task.status === 'failed').map((task) => task.errorCode);
  const code = job?.['error_code'] ?? null;
  const isRight = isFailed ? errors.some((error) => error === code) : code === null;
  return isRight ? [] : [`job ${jobId}: error_code is ${String(code)}, of ${errors.join()}`];
}
