import type { Queryable } from '@foreman/database';
import { jobNotFound } from '@foreman/jobs';
import { DomainError } from '@foreman/kernel';

/** What a list, an export or a summary of a job's rows is of: those that counted when it began. */
export interface RowExtent {
  readonly jobId: string;
  /** The newest row of any job then. Ids only grow, so rows that came later are told apart by theirs. */
  readonly upToRowId: number;
  /** The job's newest row set then. */
  readonly upToSetId: number;
  /** How many of its sets counted then. */
  readonly sets: number;
}

/** @throws `job.not_found` also when it is hidden. */
export async function rowExtent(
  db: Queryable,
  jobId: string,
  upToSetId = Number.MAX_SAFE_INTEGER,
): Promise<RowExtent> {
  const [found] = await db.query<Record<'rowId' | 'setId', number | null> & { sets: number }>(
    EXTENT,
    [upToSetId, jobId],
  );
  if (found === undefined) throw jobNotFound(jobId);
  const { rowId, setId, sets } = found;
  return { jobId, upToRowId: rowId ?? 0, upToSetId: setId ?? 0, sets };
}

/**
 * Holds what was read against what the extent promises. Called after the reading: a set that has stopped counting never
 * counts again, and no row leaves one that counts, so that what was read before had all of them.
 * @throws `results.dropped` when a new attempt has begun without a task's rows; `job.not_found` when the job is gone.
 */
export async function assertKept(db: Queryable, extent: RowExtent): Promise<void> {
  const { sets } = await rowExtent(db, extent.jobId, extent.upToSetId);
  if (sets === extent.sets) return;
  throw new DomainError(
    'results.dropped',
    'A task was begun anew without its earlier rows, of which some belong here: ask again from the beginning.',
  );
}

export const EXTENT = `
  SELECT (SELECT max(id) FROM result_rows) AS "rowId",
    max(t.row_set_id) AS "setId", count(t.row_set_id) AS sets
  FROM jobs j LEFT JOIN tasks t ON t.job_id = j.id AND t.row_set_id <= ?
  WHERE j.id = ? AND j.hidden_at IS NULL GROUP BY j.id`;
