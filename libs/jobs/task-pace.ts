import type { TaskEntity } from './task.entity';

/** How fast something goes on, and when it will be done. */
export interface Pace {
  /** Units a second; null: it does not run, or no report has told it yet. */
  readonly ratePerSecond: number | null;
  /** Whole seconds; null when it cannot be told: a total is not known, or nothing moves. */
  readonly etaSeconds: number | null;
}

/**
 * A rate is believed for so long after the report that it was measured by, or for the lease's length if
 * that is longer: heartbeats come three times in a lease.
 */
const BELIEVED_SECONDS = 120;

/** Digits that are told of a rate; the rest is chance. */
const DIGITS = 4;

/** A task's rate as it counts at `now`, which is to be bound twice: the same as `taskRate`. */
export const TASK_RATE = `
  CASE WHEN status <> 'leased' OR progress_rate IS NULL THEN NULL
    WHEN stalled_at IS NULL
      AND (progress_at + ${BELIEVED_SECONDS * 1000} > ? OR progress_at + lease_seconds * 1000 > ?)
    THEN progress_rate
    ELSE 0 END`;

/** A task that stands still, or that is not heard of any more, does nothing. */
function taskRate(task: TaskEntity, now: number): number | null {
  if (task.status !== 'leased' || task.progressRate === null) return null;
  const believedMs = Math.max(BELIEVED_SECONDS, task.leaseSeconds) * 1000;
  const isHeardOf = task.progressAt !== null && task.progressAt + believedMs > now;
  return task.stalledAt === null && isHeardOf ? task.progressRate : 0;
}

/** @param remaining units; null: not known */
export function paceOf(rate: number | null, remaining: number | null): Pace {
  if (rate === null) return { ratePerSecond: null, etaSeconds: null };
  const seconds = rate === 0 || remaining === null ? Number.NaN : Math.ceil(remaining / rate);
  return {
    ratePerSecond: Number(rate.toPrecision(DIGITS)),
    etaSeconds: Number.isSafeInteger(seconds) ? seconds : null,
  };
}

export function taskPace(task: TaskEntity, now: number): Pace {
  const remaining = task.total === null ? null : Math.max(0, task.total - task.processed);
  return paceOf(taskRate(task, now), remaining);
}
