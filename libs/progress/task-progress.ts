import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { JobChanges, TaskAdvance, type TaskEntity } from '@foreman/jobs';
import { progressRate } from './progress-rate';
import type { ProgressReport } from './progress-report';

/** Keeps what a heartbeat says of a task, and tells whether the task goes on. */
@Injectable()
export class TaskProgress {
  constructor(
    private readonly advances: TaskAdvance,
    private readonly changes: JobChanges,
  ) {}

  /**
   * `task` is the row that the fence has answered in this transaction: what was known before. A heartbeat that is not
   * newer than the last one that was kept changes nothing.
   */
  async keep(tx: Tx, task: TaskEntity, report: ProgressReport, now: number): Promise<void> {
    const { processed, total, status, counters, sequence = null } = report;
    if ((processed ?? total ?? status ?? counters ?? null) === null) return;
    if (isLate(task, sequence)) return;
    await tx.execute(KEEP, [
      processed ?? null,
      total ?? null,
      status ?? null,
      counters ? JSON.stringify(counters) : null,
      sequence === null ? null : task.attempt,
      sequence,
      now,
      rateAfter(task, report, now),
      task.id,
      task.leaseToken,
    ]);
    if (hasMoved(task, report)) await this.advances.advance(tx, task, now);
    else this.changes.announce(tx, task.jobId);
  }
}

const KEEP = `
  UPDATE tasks SET processed = coalesce(?, processed), total = coalesce(?, total),
    progress_status = coalesce(?, progress_status),
    progress_counters = coalesce(?, progress_counters),
    progress_attempt = coalesce(?, progress_attempt),
    progress_sequence = coalesce(?, progress_sequence), progress_at = ?, progress_rate = ?
  WHERE id = ? AND status = 'leased' AND lease_token = ?`;

/** Sequences of different leases cannot be compared: each edge counts as it likes. */
function isLate(task: TaskEntity, sequence: number | null): boolean {
  if (sequence === null || task.progressAttempt !== task.attempt) return false;
  return sequence <= (task.progressSequence ?? -1);
}

/** A task that was resumed has its progress from an earlier lease: the time between the two is not its own. */
function rateAfter(task: TaskEntity, report: ProgressReport, now: number): number | null {
  const lastAt = Math.max(task.progressAt ?? 0, task.leasedAt ?? now);
  const last = { processed: task.processed, at: lastAt };
  return progressRate(task.progressRate, last, {
    processed: report.processed ?? task.processed,
    at: now,
  });
}

/** A number that is not the stored one. `total` and `status` say nothing about what was done. */
function hasMoved(task: TaskEntity, report: ProgressReport): boolean {
  if ((report.processed ?? task.processed) !== task.processed) return true;
  const known = task.progressCounters ?? {};
  return Object.entries(report.counters ?? {}).some(([name, value]) => known[name] !== value);
}
