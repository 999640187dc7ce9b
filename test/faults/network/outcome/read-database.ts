import Database from 'better-sqlite3';
import type { AttemptOutcome } from './outcome.types';

/** What only the file of a stopped gateway tells. */
export interface DatabaseFacts {
  readonly attempts: ReadonlyMap<string, readonly AttemptOutcome[]>;
  /** The types of a task's events by its id, in their order. */
  readonly histories: ReadonlyMap<string, readonly string[]>;
  /** Events `job.completed` by job. */
  readonly jobCompletions: ReadonlyMap<string, number>;
  readonly eventCounts: Readonly<Record<string, number>>;
  readonly attemptCounts: Readonly<Record<string, number>>;
  /** Attempts by the code of what ended them. */
  readonly errorCounts: Readonly<Record<string, number>>;
  readonly lateWriteCount: number;
  /** Rows of the row sets that count. */
  readonly storedRowCount: number;
}

type AttemptRow = AttemptOutcome & { readonly task_id: string };

interface EventRow {
  readonly task_id: string;
  readonly type: string;
}

const ATTEMPTS = `
  SELECT task_id, number, lease_token AS leaseToken, outcome, leased_at AS leasedAt, ended_at AS endedAt
  FROM attempts ORDER BY task_id, number`;

const TASK_EVENTS = `
  SELECT task_id, type FROM events WHERE task_id IS NOT NULL ORDER BY position`;

const JOB_COMPLETIONS = `
  SELECT job_id, count(*) FROM events WHERE type = 'job.completed' GROUP BY 1`;

/** Reads the file of a gateway that has stopped. */
export function readDatabase(file: string): DatabaseFacts {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  const counts = (sql: string) =>
    Object.fromEntries(database.prepare<[], [string, number]>(sql).raw().all());
  const count = (sql: string) => database.prepare<[], number>(sql).pluck().get() ?? 0;
  try {
    return {
      attempts: groupedById(
        database.prepare<[], AttemptRow>(ATTEMPTS).all(),
        ({ task_id: taskId, ...attempt }) => [taskId, attempt],
      ),
      histories: groupedById(
        database.prepare<[], EventRow>(TASK_EVENTS).all(),
        ({ task_id: taskId, type }) => [taskId, type],
      ),
      jobCompletions: new Map(Object.entries(counts(JOB_COMPLETIONS))),
      eventCounts: counts('SELECT type, count(*) FROM events GROUP BY 1'),
      attemptCounts: counts(`SELECT coalesce(outcome, 'open'), count(*) FROM attempts GROUP BY 1`),
      errorCounts: counts(
        `SELECT error_code, count(*) FROM attempts WHERE error_code IS NOT NULL GROUP BY 1`,
      ),
      lateWriteCount: count('SELECT count(*) FROM late_writes'),
      storedRowCount: count(
        `SELECT count(*) FROM result_rows
         JOIN tasks ON tasks.row_set_id = result_rows.set_id`,
      ),
    };
  } finally {
    database.close();
  }
}

function groupedById<R, T>(rows: readonly R[], entryOf: (row: R) => [string, T]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const [id, value] = entryOf(row);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [value]);
    else group.push(value);
  }
  return groups;
}
