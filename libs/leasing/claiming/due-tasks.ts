import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { TaskEntity, openClaimGroups } from '@foreman/jobs';

/** Tasks that one call brings in at the most: a claim must not wait for a million that were due at noon. */
export const DUE_BATCH = 500;

/**
 * A queued task whose `availableAt` lies ahead (`runAt`, a backoff) is not among those that claims look
 * through; when its time has come, the next claim, or the timer of the parked polls, brings it in.
 */
@Injectable()
export class DueTasks {
  /** The tasks whose time has come, oldest first, 500 at a time; each is answered by one call only. */
  async bringIn(tx: Tx, now: number): Promise<TaskEntity[]> {
    const tasks = await tx.entities(TaskEntity, BRING_IN, [now, DUE_BATCH]);
    await openClaimGroups(tx, tasks);
    return tasks;
  }

  /** When the next one's time comes, in epoch ms; null when none waits. May lie in the past. */
  async nextAt(db: Queryable): Promise<number | null> {
    const [next] = await db.query<{ at: number | null }>(NEXT_AVAILABLE, []);
    return next?.at == null ? null : Number(next.at);
  }
}

const BRING_IN = `
  UPDATE tasks SET is_due = 1 WHERE id IN (
    SELECT id FROM tasks WHERE status = 'queued' AND is_due = 0 AND available_at <= ?
    ORDER BY available_at LIMIT ?)
  RETURNING *`;

export const NEXT_AVAILABLE = `
  SELECT min(available_at) AS at FROM tasks WHERE status = 'queued' AND is_due = 0`;
