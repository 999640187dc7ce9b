import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { owedDeliverySql } from '@foreman/webhooks';

/** Where a walk over jobs in the order of a time stands: many have the same millisecond. */
export interface JobPlace {
  /** Epoch ms. */
  readonly at: number;
  readonly id: string;
}

/** How a walk looks at the jobs whose time has come. */
export interface ExpiryWalk {
  /** Epoch ms, read in the unit of work that looks. */
  readonly now: number;
  /** How long beyond its time an owed delivery keeps a job. */
  readonly holdMs: number;
  /** Rows that one call looks at. */
  readonly limit: number;
}

/** What one call looked at. */
export interface LookedAt {
  readonly examined: number;
  /** Where to go on; null: that was all. */
  readonly next: JobPlace | null;
}

/** Before every job. */
export const FIRST_PLACE: JobPlace = { at: 0, id: '' };

/** Which jobs must go. Both walks step over what a delivery holds, once. */
@Injectable()
export class ExpiredJobsStore {
  /**
   * Hides those of the next `limit` that may go: finalized, past their time, not pinned, and with no
   * delivery owed, unless they are past their time by the hold. Nobody sees them from here on.
   */
  async hide(tx: Tx, from: JobPlace, walk: ExpiryWalk): Promise<LookedAt & { hidden: number }> {
    const { now, holdMs, limit } = walk;
    const due = await tx.query<JobPlace>(EXPIRED, [now, from.at, from.id, limit]);
    const last = due.at(-1);
    if (last === undefined) return { examined: 0, next: null, hidden: 0 };
    const range = [from.at, from.id, last.at, last.id];
    const hidden = await tx.execute(HIDE, [now, ...range, now - holdMs]);
    return { examined: due.length, next: placeAfter(due, limit), hidden };
  }

  /** Of the next `limit` hidden jobs, longest hidden first, those that no delivery holds any more. */
  async removable(
    db: Queryable,
    from: JobPlace,
    walk: ExpiryWalk,
  ): Promise<LookedAt & { ids: string[] }> {
    const { now, holdMs, limit } = walk;
    const before = now - holdMs;
    const params = [before, before, now, from.at, from.id, limit];
    const hidden = await db.query<JobPlace & { may_go: number }>(HIDDEN, params);
    return {
      examined: hidden.length,
      next: placeAfter(hidden, limit),
      ids: hidden.filter((job) => Number(job.may_go) === 1).map((job) => job.id),
    };
  }
}

function placeAfter(page: readonly JobPlace[], limit: number): JobPlace | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? null : { at: Number(last.at), id: last.id };
}

const IS_WAITING = 'expires_at IS NOT NULL AND is_pinned = 0 AND hidden_at IS NULL';

export const EXPIRED = `
  SELECT id, expires_at AS at FROM jobs
  WHERE ${IS_WAITING} AND expires_at <= ? AND (expires_at, id) > (?, ?)
  ORDER BY expires_at, id LIMIT ?`;

/** From one place to another, both out of the statement above: so many rows, and no more. */
export const HIDE = `
  UPDATE jobs SET hidden_at = ?
  WHERE ${IS_WAITING} AND finalized_at IS NOT NULL
    AND (expires_at, id) > (?, ?) AND (expires_at, id) <= (?, ?)
    AND (expires_at <= ? OR NOT ${owedDeliverySql('jobs.id')})`;

/** A job that was deleted by hand is held for its last webhooks too, from when it was hidden. */
export const HIDDEN = `
  SELECT id, hidden_at AS at,
    CASE WHEN hidden_at <= ? OR expires_at <= ? OR NOT ${owedDeliverySql('jobs.id')}
      THEN 1 ELSE 0 END AS may_go
  FROM jobs
  WHERE hidden_at IS NOT NULL AND hidden_at <= ? AND (hidden_at, id) > (?, ?)
  ORDER BY hidden_at, id LIMIT ?`;
