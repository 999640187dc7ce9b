import type { ReadConnection } from '@foreman/database';

type Row = Readonly<Record<string, string | number | null>>;

/** All that is stored of jobs, tasks and attempts and that somebody can see, or that decides what they will see. */
export interface RealState {
  readonly jobs: readonly Row[];
  readonly tasks: readonly Row[];
  readonly attempts: readonly Row[];
}

/** Queues whose names begin so hold what stands beside the runs: the world does not know it. */
export const CROWD = 'crowd';

export async function readState(reads: ReadConnection): Promise<RealState> {
  return {
    jobs: await reads.query<Row>(JOBS),
    tasks: await reads.query<Row>(TASKS),
    attempts: await reads.query<Row>(ATTEMPTS),
  };
}

const JOBS = `SELECT id, status, error_code FROM jobs WHERE queue NOT LIKE '${CROWD}%' ORDER BY id`;

const TASKS = `
  SELECT id, status, attempt, burnt_attempts, returned_expiries, lease_token, lease_edge_id,
    lease_expires_at, leased_at, CASE WHEN status = 'leased' THEN is_started END AS is_started,
    CASE WHEN status = 'leased' THEN is_graced END AS is_graced, revivable_token, revivable_edge_id,
    available_at, is_due, start_by_at, processed, result_count, error_code
  FROM tasks WHERE queue NOT LIKE '${CROWD}%' ORDER BY id`;

const ATTEMPTS = `
  SELECT task_id, number, edge_id, lease_token, started_at IS NOT NULL AS is_started, outcome, is_burnt,
    error_code
  FROM attempts ORDER BY task_id, number`;
