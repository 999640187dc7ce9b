import { Injectable } from '@nestjs/common';
import type { Queryable, SqlValue, Tx } from '@foreman/database';
import { owedDeliverySql } from '@foreman/webhooks';

/** Which jobs must go. */
@Injectable()
export class ExpiredJobsStore {
  /**
   * Hides at most `limit` jobs in one guarded statement: finalized, past their time, not pinned, and
   * with no delivery owed, unless they are past their time by the hold. Nobody sees them from here on.
   */
  async hide(tx: Tx, now: number, holdMs: number, limit: number): Promise<number> {
    return tx.execute(HIDE, hideParams(now, holdMs, limit));
  }

  /** At most `limit` hidden jobs, longest hidden first, that no delivery holds any more. */
  async removable(db: Queryable, now: number, holdMs: number, limit: number): Promise<string[]> {
    const rows = await db.query<{ id: string }>(REMOVABLE, [now - holdMs, now - holdMs, limit]);
    return rows.map((row) => row.id);
  }

  /** How many jobs' time has come: expired and not pinned, or hidden already. */
  async countDue(db: Queryable, now: number): Promise<number> {
    const [row] = await db.query<{ due: number }>(COUNT_DUE, [now]);
    return Number(row?.due ?? 0);
  }
}

function hideParams(now: number, holdMs: number, limit: number): SqlValue[] {
  return [now, now, now - holdMs, limit];
}

export const HIDE = `
  UPDATE jobs SET hidden_at = ?
  WHERE hidden_at IS NULL AND is_pinned = 0 AND finalized_at IS NOT NULL AND id IN
    (SELECT id FROM jobs
     WHERE expires_at <= ? AND expires_at IS NOT NULL AND is_pinned = 0 AND hidden_at IS NULL
       AND (expires_at <= ? OR NOT ${owedDeliverySql('jobs.id')})
     ORDER BY expires_at LIMIT ?)`;

/** A job that was deleted by hand is held for its last webhooks too, from when it was hidden. */
export const REMOVABLE = `
  SELECT id FROM jobs
  WHERE hidden_at IS NOT NULL
    AND (hidden_at <= ? OR expires_at <= ? OR NOT ${owedDeliverySql('jobs.id')})
  ORDER BY hidden_at LIMIT ?`;

export const COUNT_DUE = `
  SELECT (SELECT count(*) FROM jobs WHERE expires_at <= ? AND expires_at IS NOT NULL
            AND is_pinned = 0 AND hidden_at IS NULL)
       + (SELECT count(*) FROM jobs WHERE hidden_at IS NOT NULL) AS due`;
