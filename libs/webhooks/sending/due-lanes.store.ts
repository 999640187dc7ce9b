import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';

/** Which deliveries' time has come, and in which lanes. */
@Injectable()
export class DueLanes {
  /** Marks at most `limit` deliveries whose time has come. Answers how many those were. */
  async markDue(tx: Tx, now: number, limit: number): Promise<number> {
    return tx.execute(MARK_DUE, [now, limit]);
  }

  /** The next lanes after one (the empty one is before all), at most `limit`, in the order of their names. */
  async after(tx: Tx, lane: string, limit: number): Promise<string[]> {
    const rows = await tx.query<{ lane: string }>(DUE_LANES, [lane, limit]);
    return rows.map((row) => row.lane);
  }
}

/** Only what is pending has a next attempt. From the index of what is not due yet: one look where nothing falls due. */
export const MARK_DUE = `
  UPDATE deliveries SET is_due = 1
  WHERE next_attempt_at IS NOT NULL AND is_due = 0 AND id IN (
    SELECT id FROM deliveries WHERE is_due = 0 AND next_attempt_at <= ?
    ORDER BY next_attempt_at LIMIT ?)`;

/**
 * Steps from lane to lane through the index of what is due: neither the backlog of one nor all the lanes that wait
 * for a later time cost the others anything.
 */
export const DUE_LANES = `
  WITH RECURSIVE lanes (lane, step) AS (
    SELECT (SELECT min(host) FROM deliveries WHERE next_attempt_at IS NOT NULL AND is_due = 1 AND host > ?), 1
    UNION ALL
    SELECT (SELECT min(d.host) FROM deliveries d
            WHERE d.next_attempt_at IS NOT NULL AND d.is_due = 1 AND d.host > lanes.lane), step + 1
    FROM lanes WHERE lanes.lane IS NOT NULL AND step < ?
  )
  SELECT lane FROM lanes WHERE lane IS NOT NULL ORDER BY step`;
