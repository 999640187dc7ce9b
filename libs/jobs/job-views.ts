import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable } from '@foreman/database';
import { Clock, isoTime, isoTimeOrNull } from '@foreman/kernel';
import { findJob } from './job-lookup';
import type { JobEntity } from './job.entity';
import type { JobStatus, TaskStatus } from './job-state';
import { sumOfKnown, type Summary } from './summary';
import { TASK_RATE, paceOf, type Pace } from './task-pace';

export type TaskCounts = Record<TaskStatus, number>;

/** The contract's Job, without `artifacts` and `links`. */
export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly queue: string;
  readonly status: JobStatus;
  readonly priority: number;
  readonly metadata: Record<string, string>;
  readonly progress: Pace & {
    readonly processed: number;
    readonly total: number | null;
    readonly status: string | null;
  };
  readonly summary: Summary | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly taskCounts: TaskCounts;
  /** Of the leased ones, those that are alive and do not advance. */
  readonly stalledTasks: number;
  /** Of a job of one task: where its edge says that its results are. */
  readonly resultFolder: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finalizedAt: string | null;
  readonly expiresAt: string | null;
}

interface TaskSums {
  readonly job_id: string;
  readonly status: TaskStatus;
  readonly count: number;
  readonly processed: number;
  readonly total: number | null;
  /** How many of them know their total. */
  readonly totals: number;
  /** Units to do, of those that know their total. */
  readonly remaining: number;
  readonly rate: number | null;
  readonly stalled: number;
  /** One of theirs. */
  readonly folder: string | null;
}

/** Jobs as they are told to clients, with their tasks' counters summed up. */
@Injectable()
export class JobViews {
  constructor(private readonly clock: Clock) {}

  async one(db: Queryable, jobId: string): Promise<JobView | null> {
    const job = await findJob(db, jobId);
    if (job === null) return null;
    const [view] = await this.of(db, [job]);
    return view ?? null;
  }

  /** In the order given. */
  async of(db: Queryable, jobs: readonly JobEntity[]): Promise<JobView[]> {
    if (jobs.length === 0) return [];
    const ids = jobs.map((job) => job.id);
    const { marks, params } = sqlList(ids);
    const now = this.clock.now();
    const sums = await db.query<TaskSums>(
      `SELECT job_id, status, count(*) AS count, sum(processed) AS processed, sum(total) AS total,
         count(total) AS totals, count(stalled_at) AS stalled, sum(${TASK_RATE}) AS rate,
         sum(CASE WHEN total > processed THEN total - processed ELSE 0 END) AS remaining,
         max(result_folder) AS folder
       FROM tasks WHERE job_id IN (${marks}) GROUP BY job_id, status`,
      [now, now, ...params],
    );
    const latest = await db.query<{ job_id: string; progress_status: string | null }>(
      `SELECT job_id, progress_status FROM (
         SELECT job_id, progress_status,
           row_number() OVER (PARTITION BY job_id ORDER BY progress_at DESC, task_index) AS place
         FROM tasks WHERE job_id IN (${marks}) AND progress_at IS NOT NULL) reported
       WHERE place = 1`,
      params,
    );
    const statusOf = new Map(latest.map((row) => [row.job_id, row.progress_status]));
    const sumsOf = new Map<string, TaskSums[]>(ids.map((id) => [id, []]));
    for (const row of sums) sumsOf.get(row.job_id)?.push(row);
    return jobs.map((job) => jobView(job, sumsOf.get(job.id) ?? [], statusOf.get(job.id) ?? null));
  }
}

function jobView(job: JobEntity, sums: readonly TaskSums[], status: string | null): JobView {
  const taskCounts: TaskCounts = { queued: 0, leased: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const sum of sums) taskCounts[sum.status] = Number(sum.count);
  return {
    id: job.id,
    kind: job.kind,
    queue: job.queue,
    status: job.status,
    priority: job.priority,
    metadata: job.metadata,
    progress: {
      processed: sums.reduce((all, sum) => all + Number(sum.processed), 0),
      total: sumOfKnown(sums.map((sum) => (sum.total === null ? null : Number(sum.total)))),
      status,
      ...jobPace(job, sums),
    },
    summary: job.summary,
    error: job.errorCode === null ? null : { code: job.errorCode, message: job.errorMessage ?? '' },
    taskCounts,
    stalledTasks: sums.reduce((all, sum) => all + Number(sum.stalled), 0),
    resultFolder: job.taskCount === 1 ? (sums[0]?.folder ?? null) : null,
    createdAt: isoTime(job.createdAt),
    startedAt: isoTimeOrNull(job.startedAt),
    finalizedAt: isoTimeOrNull(job.finalizedAt),
    expiresAt: isoTimeOrNull(job.expiresAt),
  };
}

/** A job is as fast as its tasks together, and done when all that are open are; each must know how much it has to do. */
function jobPace(job: JobEntity, sums: readonly TaskSums[]): Pace {
  const open = sums.filter(({ status }) => status === 'queued' || status === 'leased');
  const isKnown = open.every((sum) => Number(sum.totals) === Number(sum.count));
  const remaining = open.reduce((all, sum) => all + Number(sum.remaining), 0);
  const leased = open.find(({ status }) => status === 'leased');
  const rate = job.status !== 'running' || leased?.rate == null ? null : Number(leased.rate);
  return paceOf(rate, isKnown ? remaining : null);
}
