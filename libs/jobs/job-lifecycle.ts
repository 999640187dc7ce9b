import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { DomainError, isUuid } from '@foreman/kernel';
import { openClaimGroups } from './claim-groups';
import { getJob, jobNotFound } from './job-lookup';
import { JobEntity } from './job.entity';
import { JobEvents } from './job-events';
import { isFinalized } from './job-state';
import { jobSummary } from './summary';
import { TaskAvailability } from './task-availability';
import { TaskDeadlines } from './task-deadlines';
import { TaskEntity } from './task.entity';

/** What must be in place in the transaction that completes a job, before its event is written. */
export type CompletionStep = (tx: Tx, job: JobEntity, now: number) => Promise<void>;

/** The job half of the state machine: each transition one guarded statement and one event. */
@Injectable()
export class JobLifecycle {
  private readonly completionSteps: CompletionStep[] = [];

  constructor(
    private readonly events: JobEvents,
    private readonly availability: TaskAvailability,
    private readonly deadlines: TaskDeadlines,
  ) {}

  /** Lets a lib above put in place what must be visible together with `job.completed`. */
  beforeCompleted(step: CompletionStep): void {
    this.completionSteps.push(step);
  }

  /** queued -> running, on the first lease of any of its tasks; nothing when it runs already. */
  async start(tx: Tx, jobId: string, now: number): Promise<void> {
    const [job] = await tx.entities(
      JobEntity,
      `UPDATE jobs SET status = 'running', started_at = ?, event_seq = event_seq + 1
       WHERE id = ? AND status = 'queued' RETURNING *`,
      [now, jobId],
    );
    if (job !== undefined) await this.events.recordOfJob(tx, 'job.started', job, now);
  }

  /** Finalizes the job if its tasks say so; called whenever one of them was completed or failed. */
  async settle(tx: Tx, jobId: string, now: number): Promise<JobEntity> {
    const job = await getJobRow(tx, jobId);
    if (isFinalized(job.status)) return job;
    const failure = await firstFailure(tx, jobId);
    if (failure !== null && job.onTaskFailure === 'fail') {
      await this.cancelOpenTasks(tx, jobId, now);
      return this.fail(tx, jobId, failure, now);
    }
    if (await hasOpenTasks(tx, jobId)) return job;
    return failure === null ? this.complete(tx, job, now) : this.fail(tx, jobId, failure, now);
  }

  /**
   * Finalizes job and open tasks at once. Repeated: the same job, nothing done.
   * @throws `job.not_found`; `job.finalized` when it has completed or failed.
   */
  async cancel(tx: Tx, jobId: string, now: number): Promise<JobEntity> {
    const job = await getJob(tx, jobId);
    if (job.status === 'cancelled') return job;
    if (isFinalized(job.status)) throw finalized(job);
    await this.cancelOpenTasks(tx, jobId, now);
    return this.finalize(tx, jobId, 'cancelled', now, { summary: null, error: null });
  }

  /**
   * Queues a failed or cancelled job's unfinished tasks again, as a new run. On one that is queued
   * or running nothing is done. @throws `job.not_found`; `job.finalized` when it has completed.
   */
  async retry(tx: Tx, jobId: string, now: number): Promise<JobEntity> {
    const job = await getJob(tx, jobId);
    if (job.status === 'completed') throw finalized(job);
    if (!isFinalized(job.status)) return job;
    const [retried] = await tx.entities(JobEntity, RETRY_JOB, [jobId]);
    if (retried === undefined) throw finalized(job);
    const tasks = await tx.entities(TaskEntity, RETRY_TASKS, [now, now, now, now, jobId]);
    await openClaimGroups(
      tx,
      tasks.filter(({ isDue }) => isDue),
    );
    await this.events.recordOfJob(tx, 'job.retried', retried, now);
    tx.afterCommit(() => {
      this.availability.announce(tasks);
      for (const { startByAt } of tasks) if (startByAt !== null) this.deadlines.note(startByAt);
    });
    return retried;
  }

  /** Hides the job from every reader, cancelling it first if need be; retention removes it. @throws `job.not_found`. */
  async hide(tx: Tx, jobId: string, now: number): Promise<void> {
    const job = await getJob(tx, jobId);
    if (!isFinalized(job.status)) await this.cancel(tx, jobId, now);
    await tx.execute('UPDATE jobs SET hidden_at = ? WHERE id = ? AND hidden_at IS NULL', [
      now,
      jobId,
    ]);
  }

  /** Keeps the job from retention. @throws `job.not_found`. */
  async pin(tx: Tx, jobId: string): Promise<void> {
    const changed = await tx.execute(
      'UPDATE jobs SET is_pinned = 1 WHERE id = ? AND hidden_at IS NULL',
      [jobId],
    );
    if (changed === 0) throw jobNotFound(jobId);
  }

  /** Leaves the job to retention again, an hour from now at the earliest. @throws `job.not_found`. */
  async unpin(tx: Tx, jobId: string, now: number): Promise<void> {
    const changed = await tx.execute(
      `UPDATE jobs SET is_pinned = 0,
         expires_at = CASE WHEN is_pinned = 1 AND expires_at < ? THEN ? ELSE expires_at END
       WHERE id = ? AND hidden_at IS NULL`,
      [now + UNPINNED_GRACE_MS, now + UNPINNED_GRACE_MS, jobId],
    );
    if (changed === 0) throw jobNotFound(jobId);
  }

  private async complete(tx: Tx, job: JobEntity, now: number): Promise<JobEntity> {
    for (const step of this.completionSteps) await step(tx, job, now);
    const tasks = await tx.entities(
      TaskEntity,
      'SELECT task_index, summary FROM tasks WHERE job_id = ? ORDER BY task_index',
      [job.id],
    );
    return this.finalize(tx, job.id, 'completed', now, { summary: jobSummary(tasks), error: null });
  }

  private async fail(tx: Tx, jobId: string, error: Failure, now: number): Promise<JobEntity> {
    return this.finalize(tx, jobId, 'failed', now, { summary: null, error });
  }

  private async finalize(
    tx: Tx,
    jobId: string,
    status: 'completed' | 'failed' | 'cancelled',
    now: number,
    outcome: { summary: JobEntity['summary']; error: Failure | null },
  ): Promise<JobEntity> {
    const [job] = await tx.entities(JobEntity, FINALIZE, [
      status,
      now,
      now,
      outcome.summary === null ? null : JSON.stringify(outcome.summary),
      outcome.error?.code ?? null,
      outcome.error?.message ?? null,
      jobId,
    ]);
    if (job === undefined) throw finalized(await getJobRow(tx, jobId));
    await this.events.recordOfJob(tx, `job.${status}`, job, now);
    return job;
  }

  private async cancelOpenTasks(tx: Tx, jobId: string, now: number): Promise<void> {
    const ended = await tx.query<{ edge_id: string }>(CANCEL_ATTEMPTS, [now, jobId]);
    for (const edgeId of new Set(ended.map((attempt) => attempt.edge_id))) {
      tx.afterCommit(() => this.availability.announceFreed(edgeId));
    }
    await tx.execute(CANCEL_TASKS, [now, jobId]);
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** After unpinning, time to think again. */
const UNPINNED_GRACE_MS = 3_600_000;

async function getJobRow(tx: Tx, jobId: string): Promise<JobEntity> {
  const [job] = isUuid(jobId)
    ? await tx.entities(JobEntity, 'SELECT * FROM jobs WHERE id = ?', [jobId])
    : [];
  if (job === undefined) throw jobNotFound(jobId);
  return job;
}

async function firstFailure(tx: Tx, jobId: string): Promise<Failure | null> {
  const [failed] = await tx.query<{ error_code: string; error_message: string | null }>(
    `SELECT error_code, error_message FROM tasks WHERE job_id = ? AND status = 'failed'
     ORDER BY finalized_at, task_index LIMIT 1`,
    [jobId],
  );
  return failed === undefined
    ? null
    : { code: failed.error_code, message: failed.error_message ?? '' };
}

async function hasOpenTasks(tx: Tx, jobId: string): Promise<boolean> {
  const open = await tx.query(
    `SELECT 1 FROM tasks WHERE job_id = ? AND status IN ('queued', 'leased') LIMIT 1`,
    [jobId],
  );
  return open.length > 0;
}

function finalized(job: JobEntity): DomainError {
  return new DomainError('job.finalized', `Job ${job.id} has ${job.status} already.`, {
    job: { id: job.id, status: job.status },
  });
}

const FINALIZE = `
  UPDATE jobs SET status = ?, finalized_at = ?, expires_at = ? + ttl_seconds * 1000, summary = ?,
    error_code = ?, error_message = ?, event_seq = event_seq + 1
  WHERE id = ? AND status IN ('queued', 'running') RETURNING *`;

const CANCEL_ATTEMPTS = `
  UPDATE attempts SET outcome = 'cancelled', ended_at = ?
  WHERE outcome IS NULL AND task_id IN
    (SELECT id FROM tasks WHERE job_id = ? AND status IN ('queued', 'leased'))
  RETURNING edge_id`;

const CANCEL_TASKS = `
  UPDATE tasks SET status = 'cancelled', finalized_at = ?, lease_token = NULL, lease_edge_id = NULL,
    lease_expires_at = NULL, leased_at = NULL, stall_due_at = NULL, stalled_at = NULL,
    revivable_token = NULL, revivable_edge_id = NULL
  WHERE job_id = ? AND status IN ('queued', 'leased')`;

const RETRY_JOB = `
  UPDATE jobs SET status = 'queued', run = run + 1, event_seq = event_seq + 1, started_at = NULL,
    finalized_at = NULL, expires_at = NULL, summary = NULL, error_code = NULL, error_message = NULL
  WHERE id = ? AND status IN ('failed', 'cancelled') AND hidden_at IS NULL RETURNING *`;

const STILL_TO_COME = 'attempt = 0 AND is_due = 0 AND available_at > ?';

/**
 * Attempt numbers keep growing; what counts against maxAttempts starts anew. A task whose `runAt` has not
 * come goes on waiting for it, and then for no longer than its `startBySeconds`.
 */
const RETRY_TASKS = `
  UPDATE tasks SET status = 'queued',
    available_at = CASE WHEN ${STILL_TO_COME} THEN available_at ELSE ? END,
    is_due = CASE WHEN ${STILL_TO_COME} THEN 0 ELSE 1 END,
    start_by_at = CASE WHEN ${STILL_TO_COME} THEN start_by_at ELSE NULL END, burnt_attempts = 0,
    returned_expiries = 0, is_started = 0, finalized_at = NULL, error_code = NULL, error_message = NULL
  WHERE job_id = ? AND status IN ('failed', 'cancelled') RETURNING *`;
