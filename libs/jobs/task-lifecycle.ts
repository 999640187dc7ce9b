import { Inject, Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { RandomSource, backoffMs } from '@foreman/kernel';
import { openClaimGroups } from './claim-groups';
import { JobEvents } from './job-events';
import { JobLifecycle } from './job-lifecycle';
import { JobEntity } from './job.entity';
import type { AttemptOutcome } from './job-state';
import { JOBS_OPTIONS, type ResolvedJobsOptions } from './jobs.options';
import type { Summary } from './summary';
import { TaskAvailability } from './task-availability';
import { TaskEntity } from './task.entity';

export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  /** False: the task fails for good, whatever attempts remain. */
  readonly isRetryable: boolean;
  /** Wait before the next attempt; null: the backoff's. */
  readonly retryAfterSeconds: number | null;
}

/** What became of a task whose attempt ended without completing it. */
export interface FailureResult {
  readonly status: 'queued' | 'failed';
  /** Epoch ms; null when the task has failed. */
  readonly availableAt: number | null;
}

/** An expiry before the start is given back this often; then it burns, so that no task is leased for ever. */
const RETURNED_EXPIRIES_LIMIT = 5;

/** How an attempt ends. */
interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  readonly isBurnt: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Keep the lease so that a late call can revive it. */
  readonly isRevivable: boolean;
}

/**
 * The task half of the state machine, from `leased` on; each method is given a task that the fence
 * (or the sweeper's own query) has found leased, and guards on its lease token.
 */
@Injectable()
export class TaskLifecycle {
  constructor(
    private readonly events: JobEvents,
    private readonly jobs: JobLifecycle,
    private readonly availability: TaskAvailability,
    private readonly random: RandomSource,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedJobsOptions,
  ) {}

  /**
   * leased -> completed, and the job with it when this was its last task. Answers the job. Its progress ends at the
   * summary's counts: the last heartbeat was sent before the work was done.
   */
  async complete(tx: Tx, task: TaskEntity, summary: Summary, now: number): Promise<JobEntity> {
    await this.guard(
      tx,
      `UPDATE tasks SET status = 'completed', finalized_at = ?, summary = ?,
              processed = coalesce(?, processed), total = coalesce(?, total), ${LEASE_CLEARED}
       WHERE id = ? AND status = 'leased' AND lease_token = ?`,
      [
        now,
        JSON.stringify(summary),
        summary.processedCount,
        summary.totalCount,
        task.id,
        task.leaseToken,
      ],
    );
    await this.endAttempt(tx, task, { ...COMPLETED }, null, now);
    await this.events.recordOfTask(tx, 'task.completed', task, now);
    return this.jobs.settle(tx, task.jobId, now);
  }

  /** An edge says that its attempt failed: burnt; queued again while attempts remain, else failed. */
  async fail(tx: Tx, task: TaskEntity, failure: TaskFailure, now: number): Promise<FailureResult> {
    const end: AttemptEnd = {
      outcome: 'failed',
      isBurnt: true,
      error: { code: failure.code, message: failure.message },
      isRevivable: false,
    };
    if (!failure.isRetryable) return this.failForGood(tx, task, end, now);
    const delayMs =
      failure.retryAfterSeconds === null ? null : Math.round(failure.retryAfterSeconds * 1000);
    return this.retryOrFail(tx, task, end, now, delayMs);
  }

  /** Whether `fail` will fail the task for good. */
  isFinal(task: TaskEntity, failure: Pick<TaskFailure, 'isRetryable'>): boolean {
    return !failure.isRetryable || task.burntAttempts + 1 >= task.maxAttempts;
  }

  /** The attempt ran longer than its job allows. */
  async timeOut(tx: Tx, task: TaskEntity, now: number): Promise<FailureResult> {
    const message = `The attempt ran longer than timeoutSeconds (${task.timeoutSeconds}).`;
    const error = { code: 'task.timed_out', message };
    return this.retryOrFail(tx, task, { ...TIMED_OUT, error }, now, null);
  }

  /** The attempt's counters stood still for longer than its job allows. */
  async failStalled(tx: Tx, task: TaskEntity, now: number): Promise<FailureResult> {
    const message = `The counters stood still for stallSeconds (${task.stallSeconds}).`;
    const error = { code: 'task.stalled', message };
    return this.retryOrFail(tx, task, { ...TIMED_OUT, error }, now, null);
  }

  /** The lease ran out. Burnt only if the work had begun; a late call can still revive it. */
  async expire(tx: Tx, task: TaskEntity, now: number): Promise<FailureResult> {
    const isBurnt = task.isStarted || task.returnedExpiries >= RETURNED_EXPIRIES_LIMIT;
    const message = 'The lease expired: its edge did not call in time.';
    const error = { code: 'lease.expired', message };
    const end = { outcome: 'expired', isBurnt, error, isRevivable: true } as const;
    return isBurnt
      ? this.retryOrFail(tx, task, end, now, null)
      : this.requeue(tx, task, end, now, now);
  }

  /** The edge hands the task back unburnt. */
  async release(tx: Tx, task: TaskEntity, now: number): Promise<FailureResult> {
    return this.requeue(tx, task, { ...RELEASED }, now, now);
  }

  /** The edge was revoked: the task goes back unburnt. */
  async revoke(tx: Tx, task: TaskEntity, now: number): Promise<FailureResult> {
    return this.requeue(tx, task, { ...RELEASED, outcome: 'revoked' }, now, now);
  }

  /** No call of this edge revives a lease that has expired. */
  async forgetExpired(tx: Tx, edgeId: string): Promise<void> {
    await tx.execute(
      `UPDATE tasks SET revivable_token = NULL, revivable_edge_id = NULL
       WHERE revivable_token IS NOT NULL AND revivable_edge_id = ?`,
      [edgeId],
    );
  }

  /** queued -> failed: it was never leased before `startBySeconds` had passed. */
  async failNotStarted(tx: Tx, task: TaskEntity, now: number): Promise<boolean> {
    const message = 'No edge leased the task before startBySeconds had passed.';
    const changed = await tx.execute(
      `UPDATE tasks SET status = 'failed', finalized_at = ?, error_code = 'job.not_started', error_message = ?
       WHERE id = ? AND status = 'queued' AND attempt = 0`,
      [now, message, task.id],
    );
    if (changed === 0) return false;
    await this.events.recordOfTask(tx, 'task.failed', task, now, { code: 'job.not_started' });
    await this.jobs.settle(tx, task.jobId, now);
    return true;
  }

  private async retryOrFail(
    tx: Tx,
    task: TaskEntity,
    end: AttemptEnd,
    now: number,
    delayMs: number | null,
  ): Promise<FailureResult> {
    const burnt = task.burntAttempts + 1;
    if (burnt >= task.maxAttempts) return this.failForGood(tx, task, end, now);
    const waitMs = delayMs ?? backoffMs(this.options.retryBackoff, burnt, this.random);
    return this.requeue(tx, task, end, now, now + waitMs);
  }

  private async requeue(
    tx: Tx,
    task: TaskEntity,
    end: AttemptEnd,
    now: number,
    availableAt: number,
  ): Promise<FailureResult> {
    const givenBack = end.outcome === 'expired' && !end.isBurnt;
    await this.guard(
      tx,
      `UPDATE tasks SET status = 'queued', available_at = ?, is_due = ?, burnt_attempts = burnt_attempts + ?,
         returned_expiries = returned_expiries + ?, revivable_token = ?, revivable_edge_id = ?,
         ${LEASE_CLEARED}
       WHERE id = ? AND status = 'leased' AND lease_token = ?`,
      [
        availableAt,
        availableAt <= now ? 1 : 0,
        end.isBurnt ? 1 : 0,
        givenBack ? 1 : 0,
        end.isRevivable ? task.leaseToken : null,
        end.isRevivable ? task.leaseEdgeId : null,
        task.id,
        task.leaseToken,
      ],
    );
    if (availableAt <= now) await openClaimGroups(tx, [task]);
    await this.endAttempt(tx, task, end, availableAt, now);
    await this.events.recordOfTask(tx, 'task.requeued', task, now, { outcome: end.outcome });
    const { kind, queue, assignedEdgeId, requires } = task;
    tx.afterCommit(() =>
      this.availability.announce([{ kind, queue, assignedEdgeId, requires, availableAt }]),
    );
    return { status: 'queued', availableAt };
  }

  private async failForGood(
    tx: Tx,
    task: TaskEntity,
    end: AttemptEnd,
    now: number,
  ): Promise<FailureResult> {
    await this.guard(
      tx,
      `UPDATE tasks SET status = 'failed', finalized_at = ?, burnt_attempts = burnt_attempts + 1,
         error_code = ?, error_message = ?, ${LEASE_CLEARED}
       WHERE id = ? AND status = 'leased' AND lease_token = ?`,
      [now, end.error?.code ?? 'task.failed', end.error?.message ?? '', task.id, task.leaseToken],
    );
    await this.endAttempt(tx, task, end, null, now);
    await this.events.recordOfTask(tx, 'task.failed', task, now, { code: end.error?.code });
    await this.jobs.settle(tx, task.jobId, now);
    return { status: 'failed', availableAt: null };
  }

  private async endAttempt(
    tx: Tx,
    task: TaskEntity,
    end: AttemptEnd,
    retryAt: number | null,
    now: number,
  ): Promise<void> {
    const { leaseEdgeId } = task;
    if (leaseEdgeId !== null) tx.afterCommit(() => this.availability.announceFreed(leaseEdgeId));
    await this.guard(
      tx,
      `UPDATE attempts SET outcome = ?, ended_at = ?, is_burnt = ?, error_code = ?, error_message = ?, retry_at = ?
       WHERE task_id = ? AND number = ? AND outcome IS NULL`,
      [
        end.outcome,
        now,
        end.isBurnt,
        end.error?.code ?? null,
        end.error?.message ?? null,
        retryAt,
        task.id,
        task.attempt,
      ],
    );
  }

  /** A caller that was not fenced in this very transaction is a bug of ours: fail loudly. */
  private async guard(tx: Tx, sql: string, params: Parameters<Tx['execute']>[1]): Promise<void> {
    if ((await tx.execute(sql, params)) !== 1) {
      throw new Error('A task changed under a lease that this transaction holds');
    }
  }
}

const LEASE_CLEARED = `lease_token = NULL, lease_edge_id = NULL, lease_expires_at = NULL, leased_at = NULL, is_started = 0,
   stall_due_at = NULL, stalled_at = NULL`;

const COMPLETED = {
  outcome: 'completed',
  isBurnt: false,
  error: null,
  isRevivable: false,
} as const;
const TIMED_OUT = { outcome: 'timed_out', isBurnt: true, isRevivable: false } as const;
const RELEASED = { outcome: 'released', isBurnt: false, error: null, isRevivable: false } as const;
