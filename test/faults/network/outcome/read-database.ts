import Database from 'better-sqlite3';
import type { AttemptOutcome } from './outcome.types';

/** What only the file of a stopped gateway tells. */
export interface DatabaseFacts {
  readonly attempts: ReadonlyMap<string, readonly AttemptOutcome[]>;
  /** Events `task.completed` by task, and `job.completed` by job. */
  readonly completedEvents: ReadonlyMap<string, number>;
  readonly eventCounts: Readonly<Record<string, number>>;
  readonly attemptCounts: Readonly<Record<string, number>>;
  readonly lateWriteCount: number;
  /** Rows of the row sets that count. */
  readonly storedRowCount: number;
}

interface AttemptRow {
  readonly task_id: string;
  readonly number: number;
  readonly lease_token: string;
  readonly outcome: string | null;
  readonly leased_at: number;
  readonly ended_at: number | null;
}

/** Reads the file of a gateway that has stopped. */
export function readDatabase(file: string): DatabaseFacts {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  const counts = (sql: string) =>
    Object.fromEntries(database.prepare<[], [string, number]>(sql).raw().all());
  const count = (sql: string) => database.prepare<[], number>(sql).pluck().get() ?? 0;
  try {
    return {
      attempts: attemptsByTask(
        database.prepare<[], AttemptRow>('SELECT * FROM attempts ORDER BY task_id, number').all(),
      ),
      completedEvents: new Map(
        Object.entries(
          counts(
            `SELECT coalesce(task_id, job_id), count(*) FROM events
             WHERE type IN ('task.completed', 'job.completed') GROUP BY 1`,
          ),
        ),
      ),
      eventCounts: counts('SELECT type, count(*) FROM events GROUP BY 1'),
      attemptCounts: counts(`SELECT coalesce(outcome, 'open'), count(*) FROM attempts GROUP BY 1`),
      lateWriteCount: count('SELECT count(*) FROM late_writes'),
      storedRowCount: count(
        `SELECT count(*) FROM result_rows
         JOIN tasks ON tasks.id = result_rows.task_id AND tasks.row_set = result_rows.row_set`,
      ),
    };
  } finally {
    database.close();
  }
}

function attemptsByTask(rows: readonly AttemptRow[]): Map<string, AttemptOutcome[]> {
  const byTask = new Map<string, AttemptOutcome[]>();
  for (const row of rows) {
    const attempts = byTask.get(row.task_id) ?? [];
    attempts.push({
      number: row.number,
      leaseToken: row.lease_token,
      outcome: row.outcome,
      leasedAt: row.leased_at,
      endedAt: row.ended_at,
    });
    byTask.set(row.task_id, attempts);
  }
  return byTask;
}
