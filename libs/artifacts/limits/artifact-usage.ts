import type { Queryable } from '@foreman/database';
import { publicName } from '../artifact-name';

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

interface JobRow {
  readonly task_count: number;
  readonly run: number;
  readonly artifacts: number | null;
  readonly bytes: number | null;
}

interface LeaseRow {
  readonly lease_token: string;
  readonly artifacts: number;
  readonly bytes: number;
}

interface NamesakeRow {
  /** Null for what is published. */
  readonly lease_token: string | null;
  readonly size: number;
}

const NONE: Usage = { count: 0, bytes: 0 };

/**
 * What stands beside an artifact that is to be staged there: without the one whose place it takes, without
 * what other leases of the task staged (that goes), and without what an earlier run of the job published
 * under a name that this lease has staged (its place is taken with the completion). Read off the counts
 * that `UsageCounts` keeps: it costs the same few rows whatever the job has.
 */
export async function usageBeside(
  db: Queryable,
  place: StagingPlace,
): Promise<{ readonly task: Usage; readonly job: Usage }> {
  const { jobId, taskId, leaseToken } = place;
  const [job] = await db.query<JobRow>(USAGE_OF_JOB, [jobId]);
  const jobName = publicName(job?.task_count === 1, place.taskIndex, place.name);
  const leases = await db.query<LeaseRow>(USAGE_OF_LEASES, [taskId]);
  const namesakes = await db.query<NamesakeRow>(NAMESAKES, [taskId, place.name, jobId, jobName]);
  const mine = leases.filter((lease) => lease.lease_token === leaseToken).map(usageOf);
  const others = leases.filter((lease) => lease.lease_token !== leaseToken).map(usageOf);
  const taken = namesakes.filter((row) => row.lease_token === leaseToken).map(oneOf);
  const retired = namesakes.filter((row) => row.lease_token === null).map(oneOf);
  // A task that is leased has published nothing yet in the job's first run.
  if (Number(job?.run ?? 1) > 1) retired.push(await usageOfRetired(db, place, jobName));
  return {
    task: less(sum(mine), taken),
    job: less(usageOf(job), [...others, ...taken, ...retired]),
  };
}

/** All artifacts of a job, staged and published. */
export async function usageOfJob(db: Queryable, jobId: string): Promise<Usage> {
  const [job] = await db.query<JobRow>(USAGE_OF_JOB, [jobId]);
  return usageOf(job);
}

/** Published by an earlier run under the names that this lease has staged, but for the one that is to come. */
async function usageOfRetired(
  db: Queryable,
  { jobId, taskId, leaseToken, name }: StagingPlace,
  jobName: string,
): Promise<Usage> {
  const prefix = jobName.slice(0, jobName.length - name.length);
  const params = [jobId, prefix, taskId, leaseToken, name];
  const [row] = await db.query<{ artifacts: number; bytes: number }>(RETIRED_BESIDE, params);
  return usageOf(row);
}

function usageOf(row: { artifacts: number | null; bytes: number | null } | undefined): Usage {
  return { count: Number(row?.artifacts ?? 0), bytes: Number(row?.bytes ?? 0) };
}

function oneOf({ size }: NamesakeRow): Usage {
  return { count: 1, bytes: Number(size) };
}

function sum(parts: readonly Usage[]): Usage {
  return parts.reduce(
    (total, { count, bytes }) => ({ count: total.count + count, bytes: total.bytes + bytes }),
    NONE,
  );
}

function less(total: Usage, parts: readonly Usage[]): Usage {
  const { count, bytes } = sum(parts);
  return { count: total.count - count, bytes: total.bytes - bytes };
}

export const USAGE_OF_JOB = `
  SELECT task_count, run, artifacts, bytes
  FROM jobs LEFT JOIN job_artifact_usage ON job_artifact_usage.job_id = jobs.id WHERE jobs.id = ?`;

/** Of one lease as a rule: a task's next lease discards what the last one staged. */
export const USAGE_OF_LEASES = `
  SELECT lease_token, artifacts, bytes FROM lease_artifact_usage WHERE task_id = ?`;

export const NAMESAKES = `
  SELECT lease_token, size FROM artifacts WHERE task_id = ? AND name = ? AND state = 'staged'
  UNION ALL
  SELECT lease_token, size FROM artifacts WHERE job_id = ? AND name = ? AND state = 'published'`;

/** As many look-ups as the lease has staged; only in a job that an operator has retried. */
export const RETIRED_BESIDE = `
  SELECT count(*) AS artifacts, coalesce(sum(published.size), 0) AS bytes
  FROM artifacts AS mine JOIN artifacts AS published
    ON published.job_id = ? AND published.state = 'published'
      AND published.name = CAST(? AS text) || mine.name
  WHERE mine.task_id = ? AND mine.state = 'staged' AND mine.lease_token = ? AND mine.name <> ?`;
