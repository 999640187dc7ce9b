import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import type { FailureResult, JobStatus, LeaseClaim } from '@foreman/jobs';

/** What earlier calls under a lease came to, so that repeating them answers the same. */
@Injectable()
export class EndedAttempts {
  /** The job's status if this very lease completed its task; else null. */
  async completedJobStatus(tx: Tx, claim: LeaseClaim): Promise<JobStatus | null> {
    const [ended] = await tx.query<{ status: JobStatus }>(
      `SELECT jobs.status FROM attempts
       JOIN tasks ON tasks.id = attempts.task_id JOIN jobs ON jobs.id = tasks.job_id
       WHERE attempts.task_id = ? AND attempts.lease_token = ? AND attempts.edge_id = ?
         AND attempts.outcome = 'completed'`,
      [claim.taskId, claim.leaseToken, claim.edgeId],
    );
    return ended?.status ?? null;
  }

  /** What this lease's own failure or hand-back came to; null if it did not end so. */
  async handedBack(
    tx: Tx,
    claim: LeaseClaim,
    outcome: 'failed' | 'released',
  ): Promise<FailureResult | null> {
    const [ended] = await tx.query<{ retry_at: number | null }>(
      `SELECT retry_at FROM attempts
       WHERE task_id = ? AND lease_token = ? AND edge_id = ? AND outcome = ?`,
      [claim.taskId, claim.leaseToken, claim.edgeId, outcome],
    );
    if (ended === undefined) return null;
    return ended.retry_at === null
      ? { status: 'failed', availableAt: null }
      : { status: 'queued', availableAt: Number(ended.retry_at) };
  }
}
