import type { Queryable, SqlValue } from '@foreman/database';

/** Artifacts counted together. */
export interface Usage {
  readonly count: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/** A name of a task, and the lease under which something is to be staged there. */
export interface StagingPlace {
  readonly jobId: string;
  readonly taskId: string;
  readonly taskIndex: number;
  readonly leaseToken: string;
  readonly name: string;
}

interface UsageRow {
  readonly task_count: number;
  readonly task_bytes: number;
  readonly job_count: number;
  readonly job_bytes: number;
}

/**
 * What stands beside an artifact that is to be staged there: without the one whose place it takes, without
 * what other leases of the task staged (that goes), and without what an earlier run of the job published
 * under a name that this lease has staged (its place is taken with the completion).
 */
export async function usageBeside(
  db: Queryable,
  place: StagingPlace,
): Promise<{ readonly task: Usage; readonly job: Usage }> {
  const { jobId, taskId, taskIndex, leaseToken, name } = place;
  const prefix = await prefixOf(db, jobId, taskIndex);
  const params: SqlValue[] = [
    ...[taskId, leaseToken, taskId, leaseToken, jobId, taskId, leaseToken, name],
    ...[`${prefix}${name}`, taskId, taskId, leaseToken, prefix.length + 1],
  ];
  const [row] = await db.query<UsageRow>(USAGE_BESIDE, params);
  return {
    task: { count: Number(row?.task_count ?? 0), bytes: Number(row?.task_bytes ?? 0) },
    job: { count: Number(row?.job_count ?? 0), bytes: Number(row?.job_bytes ?? 0) },
  };
}

/** All artifacts of a job, staged and published. */
export async function usageOfJob(db: Queryable, jobId: string): Promise<Usage> {
  const [row] = await db.query<Usage>(USAGE_OF_JOB, [jobId]);
  return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** What stands before a task's names in its job: nothing in a job of one task. */
async function prefixOf(db: Queryable, jobId: string, taskIndex: number): Promise<string> {
  const [job] = await db.query<{ task_count: number }>('SELECT task_count FROM jobs WHERE id = ?', [
    jobId,
  ]);
  return job?.task_count === 1 ? '' : `${taskIndex}.`;
}

const IS_OF_LEASE = `state = 'staged' AND task_id = ? AND lease_token = ?`;

export const USAGE_BESIDE = `
  SELECT count(*) AS job_count, coalesce(sum(size), 0) AS job_bytes,
    coalesce(sum(CASE WHEN ${IS_OF_LEASE} THEN 1 ELSE 0 END), 0) AS task_count,
    coalesce(sum(CASE WHEN ${IS_OF_LEASE} THEN size ELSE 0 END), 0) AS task_bytes
  FROM artifacts
  WHERE job_id = ?
    AND NOT (state = 'staged' AND task_id = ? AND (lease_token <> ? OR name = ?))
    AND NOT (state = 'published' AND (name = ? OR (task_id = ? AND EXISTS
      (SELECT 1 FROM artifacts AS mine
       WHERE mine.task_id = ? AND mine.state = 'staged' AND mine.lease_token = ?
         AND mine.name = substr(artifacts.name, ?)))))`;

export const USAGE_OF_JOB = `
  SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM artifacts WHERE job_id = ?`;
